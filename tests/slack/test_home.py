"""App Home through Slack: what each role sees, when it is published, and that no old view stays."""

import json
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from bot.database.transactions import changing
from bot.localslack.demo import IDS
from bot.localslack.faults import RateLimited
from bot.store import tables
from bot.store.incidents import transitions
from bot.store.incidents.transitions import group_subject
from bot.store.tables import error_groups, failures
from tests.kit.home_tab import REFRESH, drawn, opened, published, words
from tests.kit.queues import TestQueue
from tests.kit.team import Json, Team, action_ids, team_at_work


def home_with(team: Team, who: str, phrase: str) -> Json | None:
    """Return the person's Home if it contains the phrase."""
    home = team.slack.home(who)
    return home if home is not None and phrase in words(home) else None


def buttons(home: Json) -> set[str]:
    """Return the action ids of Home's elements."""
    return set(action_ids(home))


def retried(team: Team, home: Json) -> str:
    """Click Retry of failed job 45 as the operator, and return the answer."""
    return team.click_in_view(home, "run:retry", block="failed:45").everything


def indexed(team: Team, count: int) -> None:
    """Wait until the bot has indexed `count` failures."""
    team.until(lambda: len(team.queue.rows(failures)) >= count)


def filled(team: Team) -> None:
    """Add two indexed failed jobs of one cause, a job that waits too long, and a delayed job."""
    now = int(datetime.now(UTC).timestamp())
    team.queue.fail(45)
    team.queue.fail(46)
    team.queue.push(created_at=now - 3_000, available_at=now - 900)
    team.queue.push(queue="mail", created_at=now - 90_000, available_at=now + 3_600)
    indexed(team, 2)


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("viewer", set()),
        ("operator", {"run:retry"}),
        ("admin", {"run:retry", "run:retry-all"}),
    ],
)
def test_every_role_sees_the_whole_home_with_its_own_buttons(
    team: Team, who: str, seen: set[str]
) -> None:
    filled(team)
    home = opened(team, who)

    text = words(home)
    for phrase in (
        "Oldest waiting job",
        "Available",
        "Reserved",
        "Delayed",
        "Last 24 hours",
        "netsuite",
    ):
        assert phrase in text
    assert "⚠️ 15 min" in text  # since it became available, not since its creation
    assert "Failed job 46" in text
    assert "2 failed jobs" in text
    assert "Data from" in text
    assert buttons(home) & {"run:retry", "run:retry-all"} == seen
    assert ("delete-failed" in text) == (who == "admin")
    assert REFRESH in buttons(home)


def test_a_stranger_sees_that_a_role_is_missing_and_the_refusal_is_recorded_once(
    team: Team,
) -> None:
    filled(team)
    # After Slack's refusal, Home is published again without a second audit record.
    team.slack.script("views.publish", [RateLimited(1)])
    team.slack.open_home("stranger", wait=0)
    home = team.until(lambda: team.slack.home("stranger"))

    assert "needs the role viewer" in words(home)
    assert "netsuite" not in words(home)
    assert buttons(home) == set()
    records = [(row.actor, row.action, row.source, row.outcome) for row in team.records]
    assert records == [(IDS.stranger, "status", "home", "denied")]


def test_home_is_in_the_language_of_its_person(team: Team) -> None:
    filled(team)
    assert "Job en espera más antiguo" in words(opened(team, "lucia"))
    assert "Oldest waiting job" in words(opened(team, "operator"))


def test_a_change_outside_of_home_refreshes_the_home_of_its_person(team: Team) -> None:
    team.queue.fail(45)
    team.queue.fail(46)
    assert "Failed job 45" in words(opened(team))

    team.say("status")
    team.say("retry 45", as_="admin")
    team.say("retry 46")
    home = drawn(team, "operator", 2)
    assert "No failed jobs" in words(home)
    # A read command publishes nothing, and a person who never opened Home has none.
    assert len(published(team)) == 2
    assert team.slack.home("admin") is None


def test_retry_on_home_changes_the_queue_and_home(team: Team) -> None:
    team.queue.fail(45)
    home = opened(team)

    assert "back in the queue" in retried(team, home)
    assert "Failed job 45" not in words(drawn(team, "operator", 2))
    assert len(team.queue.jobs) == 1

    # A click on the same row of an older Home is answered, and Home is corrected.
    client = team.client()
    old = {"type": "home", "blocks": home["blocks"]}
    stale = client.views_publish(user_id=IDS.operator, view=old)["view"]
    assert "already retried" in retried(team, stale)
    assert "Failed job 45" not in words(drawn(team, "operator", 4))


def test_changes_work_without_a_home_tab(team: Team) -> None:
    team.queue.fail(45)
    team.slack.script("views.publish", ["not_enabled"])
    team.slack.open_home("operator", wait=0)
    team.until(lambda: published(team))

    assert "back in the queue" in team.say("retry 45").text
    team.until(lambda: len(published(team)) == 2)
    assert [call.answer.get("error") for call in published(team)] == ["not_enabled", None]


def test_a_freeze_and_a_running_bulk_change_are_shown_above_the_totals(team: Team) -> None:
    for id_ in range(45, 75):
        team.queue.fail(id_)
    indexed(team, 30)
    home = opened(team, "admin")
    team.click_in_view(home, "run:retry-all", as_="admin")
    (dialog,) = team.slack.views("admin")
    team.say('freeze "NetSuite is down"', as_="admin")
    frozen = team.until(lambda: home_with(team, "admin", "NetSuite is down"))
    assert "run:unfreeze" in buttons(frozen)
    team.say("unfreeze", as_="admin")

    before = len(published(team, "admin"))
    team.submit(dialog)
    team.until(lambda: not team.queue.failed)
    # Home is updated without a click until the operation ends.
    team.until(lambda: home_with(team, "admin", "No failed jobs"), 30)
    assert len(published(team, "admin")) > before


def test_active_incidents_are_listed_first_with_their_topics(team: Team) -> None:
    team.queue.fail(45)
    indexed(team, 1)
    # A job that really waits: without it, the next check would resolve the incident.
    at = int(datetime.now(UTC).timestamp()) - 722
    team.queue.push(queue="mail", created_at=at, available_at=at)

    def oldest() -> Any:
        rows = team.queue.rows(tables.incidents)
        return next((row for row in rows if row.rule == "oldest_job"), None)

    late = team.until(oldest)
    home = opened(team)

    text = words(home)
    verdict = next(block for block in home["blocks"] if block["type"] == "header")
    assert "🔴" in verdict["text"]["text"]
    assert f"I{late.id}" in text
    assert "12 min" in text
    assert text.index(f"I{late.id}") < text.index("Oldest waiting job")

    row = f"incident:{late.id}"
    assert "run:acknowledge" not in buttons(opened(team, "viewer"))
    answer = team.click_in_view(home, "run:acknowledge", block=row)
    assert f"I{late.id}" in answer.everything
    team.until(lambda: home_with(team, "operator", "Acknowledged by"))


def test_home_stays_within_the_limits_with_60_queues_and_200_error_groups(team: Team) -> None:
    """Home stays within Slack's 100 blocks and 250 kB, with names as long as the tables allow."""
    long = "n" * 180
    now = datetime.now(UTC).replace(tzinfo=None)
    for number in range(60):
        team.queue.push(queue=f"{number}-{long}")
        team.queue.fail(queue=f"{number}-{long}", exception=f"{'x' * 900} é{chr(97 + number % 26)}")

    def fill(connection: Connection) -> None:
        for number in range(200):
            name = f"Group {number} <!channel> {long[:100]}"
            group = connection.execute(insert(error_groups).values(name=name)).lastrowid
            transitions.trigger(connection, group_subject(int(group), long), now)

    # Retried after a deadlock, because the bot triggers incidents at the same time.
    changing(team.queue.engine, monotonic() + 40, fill)
    home = opened(team, "admin")

    assert published(team, "admin")[-1].answer["ok"]
    assert len(home["blocks"]) <= 100
    assert len(json.dumps(home["blocks"], ensure_ascii=False).encode()) < 250_000
    assert "50 more queues" in words(home)
    assert "more incidents are active" in words(home)
    assert "<!channel>" not in words(home)


def test_home_has_no_change_buttons_if_changes_on_home_are_not_allowed(
    kept_queue: TestQueue,
) -> None:
    with team_at_work(kept_queue, changes_in_home=False) as team:
        kept_queue.fail(45)
        home = opened(team, "admin")
        assert "Failed job 45" in words(home)
        assert not buttons(home) & {"run:retry", "run:retry-all", "run:menu"}


def test_the_first_visit_begins_with_what_the_person_may_do(team: Team) -> None:
    def top() -> str:
        view = team.slack.home("operator") or {"blocks": [{}]}
        return json.dumps(view["blocks"][0], ensure_ascii=False)

    team.slack.open_home("operator", wait=0)
    team.until(lambda: "Welcome" in top())
    assert "Your role is *operator*" in top()
    assert f"Alerts are posted in <#{IDS.queue_alerts}>" in top()
    assert f"Changes are allowed in: this page, <#{IDS.queue_ops}>" in top()
    team.slack.open_home("operator", wait=0)
    team.until(lambda: "Welcome" not in top())
