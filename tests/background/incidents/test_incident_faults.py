"""Incidents when Slack, a replica or a guard fails: no duplicate message, and nothing is lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Connection, true

from bot.app.setup import Setup
from bot.background.failures import index_once
from bot.background.incidents import alert, grouping, lifecycle, message
from bot.database.transactions import LostRace
from bot.localslack.faults import RateLimited
from bot.localslack.server import LocalSlack
from bot.models.incidents import Incident
from bot.models.requests import Message
from bot.store import tables
from bot.store.incidents import assignment, transitions
from bot.store.leases import TTL, LeaseLost
from bot.views.context import Context
from bot.views.incidents.alert_parts import with_group_mention
from tests.crash.mutants import no_epoch, replaced
from tests.kit.incident_life import CALL, Life, make_life
from tests.kit.invariants import broken
from tests.kit.kept_database import queue_on_mariadb
from tests.kit.posting import deliver, poster_of, watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, OPS, ask, codes, hold

pytestmark = pytest.mark.each_database

__all__ = ["queue_on_mariadb"]

POST, EDIT = "chat.postMessage", "chat.update"


@pytest.mark.parametrize("fault", ["channel_not_found", "is_archived", "not_in_channel"])
def test_an_alert_of_a_lost_channel_is_posted_in_the_fallback_channel_with_a_health_message(
    life: Life, fault: str
) -> None:
    life.slack.script(POST, [fault])
    life.queue.fail(1)
    life.tick()
    life.tick(seconds=31)
    alert, health = life.messages(OPS)
    assert CALL in alert
    assert f"cannot post in <#{ALERTS}> ({fault})" in health
    life.queue.fail(2)
    life.tick(seconds=5)
    assert "2 failed jobs" in life.messages(OPS)[0], "the alert is edited in the fallback channel"
    assert broken(life.queue, drained=True) == []


def test_alerts_wait_while_no_channel_accepts_them_and_are_posted_after_the_fix(
    queue: TestQueue, slack: LocalSlack
) -> None:
    life = make_life(queue, slack, fallback_channel=None, audit_channel=None)
    life.slack.script(POST, ["is_archived"] * 6)
    for cause in ("one", "two", "three"):
        life.queue.fail(exception=cause)
    life.tick()
    life.tick(seconds=31)
    assert life.messages() == []
    assert life.waiting() == 3
    for _ in range(6):
        life.tick(seconds=31)
    assert len(life.messages()) == 3
    assert life.waiting() == 0
    assert broken(life.queue, drained=True) == []


def test_a_rate_limit_of_slack_delays_an_alert_and_loses_none(life: Life) -> None:
    life.queue.fail(1)
    life.tick()
    life.slack.script(EDIT, [RateLimited(30)])
    life.queue.fail(2)
    life.tick(seconds=5)
    for failed_id in range(3, 9):
        life.queue.fail(failed_id)
        life.tick(seconds=2)
    assert "Failed job 1" in life.messages()[0]
    assert life.waiting() == 1, "one edit with the newest count waits"
    life.tick(seconds=31)
    assert "8 failed jobs" in life.messages()[0]


def test_a_deleted_alert_is_posted_again_once_without_a_mention(life: Life) -> None:
    life.queue.fail(1)
    life.tick()
    life.slack.script(EDIT, ["message_not_found"])
    life.queue.fail(2)
    life.tick(seconds=5)
    life.tick(seconds=5)
    assert len(life.messages()) == 2
    assert "2 failed jobs" in life.messages()[1]
    assert CALL not in life.messages()[1]
    life.queue.fail(3)
    life.tick(seconds=5)
    assert "3 failed jobs" in life.messages()[1]
    assert broken(life.queue, drained=True) == []


def test_a_deleted_alert_of_a_resolved_incident_is_not_posted_again(life: Life) -> None:
    life.queue.fail(1)
    life.tick()
    life.slack.script(EDIT, ["message_not_found"] * 3)
    life.take(1)
    life.tick(seconds=61)
    life.tick(seconds=61)
    assert len(life.messages()) == 1
    assert life.incident.resolution == "recovered"


def paused_past_its_lease(life: Life) -> None:
    """Assert that a paused replica changes nothing after another one has taken over its lease."""
    other = replace(life.setup, replica="b")
    late = hold(life.setup)
    life.queue.fail(1)
    index_once(life.setup, late)
    life.clock.move(seconds=TTL.total_seconds() + 1)
    lease = hold(other)
    watch(other, lease)
    deliver(other, poster_of(life.slack), lease)
    life.queue.fail(2)
    index_once(other, lease)
    steps: tuple[Callable[[], object], ...] = (
        lambda: grouping.group_once(life.setup, late),
        lambda: lifecycle.advance_once(life.setup, late),
        lambda: grouping.refresh_once(life.setup, late),
    )
    for step in steps:
        with pytest.raises(LeaseLost):
            step()
    assert len(life.messages()) == 1
    assert life.incident.count == 1, (
        "the replica without the lease assigned its failure to no incident"
    )


def test_a_replica_that_was_paused_past_its_lease_posts_nothing(life: Life) -> None:
    paused_past_its_lease(life)


def test_without_the_fence_a_paused_replica_would_post(life: Life) -> None:
    with no_epoch(), pytest.raises((AssertionError, pytest.fail.Exception)):
        paused_past_its_lease(life)


def test_two_incidents_of_one_subject_are_never_active_together(life: Life) -> None:
    life.queue.fail(1)
    life.tick()
    with life.queue.engine.begin() as connection:
        now = life.setup.clock(connection)
        subject = transitions.group_subject(life.incident.error_group, None)
        with pytest.raises(LostRace), unseen():
            transitions.trigger(connection, subject, now)


@contextmanager
def unseen() -> Iterator[None]:
    """Hide the other watcher's incident, as if it were not committed yet."""
    with replaced((transitions, "by_subject"), by=lambda _connection, _name: None):
        yield


def test_without_the_unique_subject_two_incidents_would_be_active(life: Life) -> None:
    life.queue.fail(1)
    life.tick()
    incident = life.incident
    with life.queue.engine.begin() as connection:
        # The guard is the unique column in which the active incident stores its subject.
        transitions.update_incident(connection, incident.id, active_subject=None)
        subject = transitions.group_subject(incident.error_group, None)
        with unseen():
            triggered = transitions.trigger(connection, subject, life.setup.clock(connection))
    assert (triggered.id, triggered.transition) != (incident.id, "none")


def given_twice(life: Life) -> None:
    """Assert that a second pass does not assign a failure that already has an incident."""
    life.queue.fail(1, exception="one cause")
    life.tick()
    (failure,) = life.failures
    with life.queue.engine.begin() as connection:
        now = life.setup.clock(connection)
        other = transitions.trigger(connection, transitions.group_subject(99, None), now)
        assert assignment.assign(connection, other.id, tables.failures.c.seq == failure.seq) == 0
    assert life.failures[0].incident == failure.incident


def test_a_failure_is_assigned_to_one_incident_only(life: Life) -> None:
    given_twice(life)


def test_without_the_guard_a_failure_would_be_assigned_to_a_second_incident(life: Life) -> None:
    with replaced((assignment, "belongs_to_none"), by=true), pytest.raises(AssertionError):
        given_twice(life)


def counted_up(life: Life) -> None:
    """Assert that the edit of an alert mentions nobody."""
    life.queue.fail(1)
    life.tick()
    life.queue.fail(2)
    life.tick(seconds=5)
    edits = life.slack.calls(EDIT)
    assert edits
    assert not [call for call in edits if "!subteam" in str(call.args)]


def test_the_test_detects_an_edit_that_mentions_somebody(life: Life) -> None:
    draw = alert.draw

    def calling(
        setup: Setup, connection: Connection, incident: Incident, context: Context
    ) -> Message | None:
        drawn = draw(setup, connection, incident, context)
        return None if drawn is None else with_group_mention(drawn, setup.alerting.mention, context)

    with replaced((message, "draw"), by=calling), pytest.raises(AssertionError):
        counted_up(life)


def test_an_incident_that_resolves_while_muted_edits_its_alert_without_a_reply(
    life: Life,
) -> None:
    for failed_id in (1, 2):
        life.queue.fail(failed_id)
    life.tick()
    life.take(1, 2)
    life.clock.move(seconds=61)
    # The mute starts and the incident resolves in the same pass.
    assert codes([ask(life.setup, "mute alert=new_failures")]) == ["ok"]
    life.tick()
    assert life.incident.resolution == "recovered"
    assert life.replies() == []
