"""When App Home is published: conflicts, hangs, rate limits and refusals of Slack."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from slack_sdk.errors import SlackApiError

from bot import failpoints
from bot.localslack.demo import IDS
from bot.localslack.faults import RateLimited
from bot.slack.home import retry_delay
from tests.kit.home_tab import REFRESH, drawn, opened, published, words
from tests.kit.team import Json, Team

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "somebody else's drawing"}}


def refresh(team: Team, home: Json) -> None:
    """Click Refresh as the operator; the only answer is that Home is published."""
    team.slack.click_in_view("operator", home["id"], REFRESH, wait=0)


@contextmanager
def held() -> Iterator[tuple[threading.Event, threading.Event]]:
    """Stop the next drawing between read and publish; yield `drawn_event` and `go_on`."""
    drawn_event, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        drawn_event.set()
        go_on.wait(50)

    failpoints.arm("home drawn", then=wait)
    try:
        yield drawn_event, go_on
    finally:
        failpoints.disarm("home drawn")
        go_on.set()


def test_refresh_publishes_the_current_state(team: Team) -> None:
    home = opened(team)
    assert "Failed job 45" not in words(home)
    team.queue.fail(45)

    refresh(team, home)
    assert "Failed job 45" in words(drawn(team, "operator", 2))
    assert published(team)[1].args["hash"] == home["hash"]


def test_after_a_hash_conflict_home_is_read_again_and_the_newest_state_stays(team: Team) -> None:
    team.queue.fail(45)
    opened(team)
    view = {"type": "home", "blocks": [SECTION]}
    team.client().views_publish(user_id=IDS.operator, view=view)

    team.say("retry 45")
    home = drawn(team, "operator", 4)
    answers = [call.answer.get("error") for call in published(team)]
    assert answers == [None, None, "hash_conflict", None]
    assert "hash" not in published(team)[3].args
    assert "somebody else's drawing" not in words(home)
    assert "Failed job 45" not in words(home)
    # After that, the bot knows again which Home it replaces.
    team.queue.fail(46)
    refresh(team, home)
    assert "Failed job 46" in words(drawn(team, "operator", 5))
    assert published(team)[-1].answer["ok"]


def test_an_older_state_of_home_does_not_replace_a_newer_state(team: Team) -> None:
    """Another replica publishes between a read and its publish; the newer Home stays."""
    team.queue.fail(45)
    home = opened(team)
    with held() as (there, go_on):
        refresh(team, home)
        assert there.wait(20)
        team.queue.fail(46)
        newer = {"type": "home", "blocks": [SECTION]}
        team.client().views_publish(user_id=IDS.operator, view=newer)
        go_on.set()
        home = drawn(team, "operator", 4)

    assert published(team)[2].answer["error"] == "hash_conflict"
    assert "Failed job 46" in words(home)


def test_clicks_during_a_publish_cause_one_further_publish(team: Team) -> None:
    home = opened(team)
    with held() as (there, go_on):
        refresh(team, home)
        assert there.wait(20)
        team.queue.fail(45)
        for _ in range(6):
            refresh(team, home)
        go_on.set()
        last = drawn(team, "operator", 3)
    team.say("status")  # a pending drawing would be published by now

    assert "Failed job 45" in words(last)
    assert len(published(team)) == 3


def test_a_publish_that_hangs_does_not_delay_commands(team: Team) -> None:
    team.queue.fail(45)
    people = ("admin", "operator", "viewer", "lucia")
    with ExitStack() as hanging:
        for who in people:
            there, _ = hanging.enter_context(held())
            team.slack.open_home(who, wait=0)
            # Two drawings run at a time; the third and the fourth wait.
            assert there.wait(20 if who in people[:2] else 0.1) == (who in people[:2])
        with ThreadPoolExecutor(16) as at_once:
            replies = list(at_once.map(lambda _: team.say("status"), range(32)))
        assert all("Queue status" in answer.text for answer in replies)
        assert published(team, "viewer") == []
    for who in people:
        drawn(team, who, 1)


def test_a_rate_limited_publish_of_home_is_repeated(team: Team) -> None:
    team.queue.fail(45)
    team.slack.script("views.publish", [RateLimited(1)])
    team.slack.open_home("operator", wait=0)
    assert "Failed job 45" in words(drawn(team, "operator", 2))


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ("not_enabled", None),
        ("view_too_large", None),
        ("internal_error", 5.0),
        (RateLimited(7), 7.0),
        (RateLimited(600), 60.0),
    ],
    ids=str,
)
def test_a_permanent_refusal_of_a_publish_is_not_repeated(
    team: Team, answer: RateLimited | str, seconds: float | None
) -> None:
    view = {"type": "home", "blocks": [SECTION]}
    team.slack.script("views.publish", [answer])
    with pytest.raises(SlackApiError) as refused:
        team.client().views_publish(user_id=IDS.operator, view=view)

    assert retry_delay(refused.value, 2) == seconds
    assert retry_delay(refused.value, 0) is None
