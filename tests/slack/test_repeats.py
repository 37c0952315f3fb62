"""An envelope that one bot or two bots get twice makes one change and has the same answer."""

from collections.abc import Iterator

import pytest

from bot.localslack.demo import IDS
from bot.store import tables
from tests.kit.queues import TestQueue
from tests.kit.team import Json, Team, action_ids, team_at_work


@pytest.fixture
def replicas(team: Team) -> Iterator[Team]:
    """The team with a second bot on the same database and in the same Slack."""
    second = team.make_bot()
    second.start()
    try:
        team.until(lambda: team.slack.hub.connected == 2)
        yield team
    finally:
        second.socket.client.auto_reconnect_enabled = False
        team.bot.socket.client.auto_reconnect_enabled = False
        team.slack.kill_sockets()
        second.stop()


def whispers(team: Team, channel: str) -> list[Json]:
    """Return the ephemeral messages of a channel."""
    return [one for one in team.slack.messages(channel) if "ephemeral_to" in one]


@pytest.fixture
def replicas_by_http(kept_queue: TestQueue) -> Iterator[Team]:
    """A team with two bots in HTTP mode, which get signed requests in turn."""
    with team_at_work(kept_queue, mode="http") as team:
        second = team.make_bot()
        second.start()
        team.serve(team.bot, second)
        try:
            yield team
        finally:
            second.stop()


@pytest.fixture(params=["team", "replicas", "replicas_by_http"])
def served(request: pytest.FixtureRequest) -> Team:
    """A team with one bot, with two bots, and with two bots in HTTP mode."""
    team: Team = request.getfixturevalue(request.param)
    return team


def test_a_command_that_is_sent_twice_is_executed_once(served: Team) -> None:
    team = served
    team.queue.fail(45)
    team.slack.duplicate_next()

    answer = team.say("retry 45")

    assert "back in the queue" in answer.text
    team.until(lambda: team.slack.hub.repeated_acks == 1)
    assert len(team.queue.jobs) == 1
    assert len(team.archived) == 1
    assert [row.outcome for row in team.records] == ["ok"]
    assert len(team.queue.rows(tables.requests)) == 1
    assert len(team.channel_texts("queue-ops")) == 1


@pytest.mark.parametrize(
    ("who", "ids", "sentence"),
    [
        ("operator", "45", "back in the queue"),
        ("stranger", "45", f"Who can: <!subteam^{IDS.oncall}>, <@{IDS.admin}>"),
        ("operator", "46", "No failed job 46"),
        ("operator", "46,47", "No failed job 47"),
    ],
)
def test_a_click_that_is_sent_twice_gets_the_same_answer_twice(
    served: Team, who: str, ids: str, sentence: str
) -> None:
    team = served
    team.queue.fail(45)
    numbers = [int(one) for one in ids.split(",")]
    message = posted_button(team, numbers)
    team.slack.duplicate_next()

    team.click(message, "run:retry", as_=who)

    replies = team.until(lambda: pair(whispers(team, "queue-ops")))
    assert sentence in replies[0]["text"]
    assert replies[0]["text"] == replies[1]["text"]
    assert content(replies[0]) == content(replies[1])
    assert len(team.queue.jobs) == ("back" in sentence)
    assert len(team.records) == 1


def content(message: Json) -> list[Json]:
    """Return a message's blocks without the ids that Slack gave them."""
    return [{key: block[key] for key in block if key != "block_id"} for block in message["blocks"]]


def pair(replies: list[Json]) -> list[Json] | None:
    """Return the replies if there are two, else None."""
    return replies if len(replies) == 2 else None


def posted_button(team: Team, ids: list[int]) -> Json:
    """Post a message with a Retry button for these ids."""
    button = {
        "type": "button",
        "action_id": "run:retry",
        "text": {"type": "plain_text", "text": "Retry"},
        "value": f'{{"v": 1, "ids": {ids}}}',
    }
    posted = team.client().chat_postMessage(
        channel=IDS.queue_ops, text="-", blocks=[{"type": "actions", "elements": [button]}]
    )
    return {"channel": IDS.queue_ops, "ts": posted["ts"]}


def test_a_confirmation_that_is_sent_twice_starts_the_operation_once(served: Team) -> None:
    team = served
    team.queue.fail(45)
    view = team.say("clear-failed", as_="admin").view
    team.slack.duplicate_next()

    team.submit(view, "1")

    assert team.slack.views("admin") == []
    team.until(lambda: team.slack.hub.repeated_acks == 1)
    team.until(lambda: len(team.records) == 2)
    assert [row.outcome for row in team.records] == ["started", "done"]


def test_a_command_that_is_repeated_later_changes_nothing_again(served: Team) -> None:
    team = served
    team.queue.fail(45, order=1)
    team.say("retry 45")
    # A failed job has the old id again, so a second run of the command would retry it.
    team.queue.fail(45, order=2)

    team.slack.redeliver()

    team.until(lambda: team.slack.hub.repeated_acks == 1)
    assert [row.id for row in team.queue.failed] == [45]
    assert len(team.queue.jobs) == 1


def test_two_clicks_of_two_people_are_two_requests_and_one_change(replicas: Team) -> None:
    team = replicas
    team.queue.fail(45)
    alert = team.alert()
    team.click(alert, "run:retry", as_="operator")
    # The bot's own edit must remove the button before the test restores it.
    team.until(lambda: not action_ids(team.now(alert)))
    team.client().chat_update(
        channel=alert["channel"], ts=alert["ts"], text=alert["text"], blocks=alert["blocks"]
    )
    second = team.click(alert, "run:retry", as_="admin")

    assert f"already retried by <@{IDS.operator}>" in second.text
    assert len(team.queue.jobs) == 1
    assert [row.outcome for row in team.records] == ["ok", "refused"]
