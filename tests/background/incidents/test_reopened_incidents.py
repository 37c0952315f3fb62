"""Incidents that resolve, reopen, or get restored failures."""

from bot.app.responses import channel_context
from bot.background.incidents.alert import draw
from bot.store.incidents import lookups
from tests.kit.incident_life import CALL, Life
from tests.kit.incident_steps import acknowledged, recovered
from tests.kit.invariants import broken
from tests.kit.replicas import ANA, ask


def test_a_failure_within_an_hour_reopens_the_incident_with_a_mention(life: Life) -> None:
    recovered(life)
    life.queue.fail(2)
    life.tick(minutes=30)
    assert (life.incident.reopened, life.incident.resolved_at) == (1, None)
    assert len(life.messages()) == 1
    assert "2 failed jobs" in life.messages()[0]
    (reply,) = life.replies()
    assert "triggered again" in reply
    assert CALL in reply


def test_a_reopened_incident_is_not_acknowledged(life: Life) -> None:
    recovered(life)
    life.queue.fail(2)
    life.tick(minutes=30)
    assert life.incident.acknowledged_by is None


def test_a_failure_after_more_than_an_hour_triggers_a_new_incident(life: Life) -> None:
    recovered(life)
    life.queue.fail(2)
    life.tick(minutes=61)
    assert [row.reopened for row in life.incidents] == [0, 0]
    assert len(life.messages()) == 2


def test_an_incident_resolves_as_quiet_after_an_hour_and_its_alert_keeps_its_buttons(
    life: Life,
) -> None:
    life.queue.fail(1)
    life.queue.fail(2)
    life.tick()
    acknowledged(life)
    life.tick(minutes=59)
    assert life.incident.resolved_at is None
    life.tick(minutes=2)
    assert life.incident.resolution == "quiet"
    assert "No new failure for" in life.messages()[0]
    assert "run:retry" in str(life.slack.messages("queue-alerts")[0]["blocks"])
    assert life.replies() == []


def test_an_undo_reopens_the_incident_and_counts_no_failure_twice(life: Life) -> None:
    for failed_id in (1, 2):
        life.queue.fail(failed_id)
    life.tick()
    ask(life.setup, "delete-failed 1 2", by=ANA)
    life.tick(seconds=61)
    assert (life.incident.resolution, life.incident.deleted) == ("recovered", 2)
    replies_before = len(life.replies())
    ask(life.setup, "undo", by=ANA)
    life.tick()
    now = life.incident
    assert (now.count, now.removed, now.deleted, now.resolved_at) == (2, 0, 0, None)
    assert len(life.messages()) == 1
    assert len(life.replies()) == replies_before, "no new failure, so no new reply"
    assert broken(life.queue, drained=True) == []


def test_an_alert_never_shows_a_failure_as_deleted_that_an_undo_restored(life: Life) -> None:
    life.queue.fail(1)
    life.tick()
    ask(life.setup, "delete-failed 1", by=ANA)
    life.tick()
    ask(life.setup, "undo", by=ANA)
    assert life.incident.removed == 1, "the undo committed after the deltas were added"
    with life.queue.engine.connect() as connection:
        context = channel_context(life.setup, life.setup.clock(connection))
        (incident,) = lookups.by_ids(connection, [life.incident.id])
        drawn = draw(life.setup, connection, incident, context)
    assert drawn is not None
    assert drawn.text.startswith("🔴")
    assert "run:retry" in str(drawn.blocks)


def test_a_restored_failure_is_assigned_to_the_active_incident_of_its_error_group(
    life: Life,
) -> None:
    life.queue.fail(1)
    life.tick()
    ask(life.setup, "delete-failed 1", by=ANA)
    life.tick(seconds=61)
    life.queue.fail(2)
    life.tick(minutes=90)
    ask(life.setup, "undo", by=ANA)
    life.tick()
    first, second = life.incidents
    assert (first.count, first.removed, first.active_subject) == (0, 0, None)
    assert (second.count - second.removed, second.resolved_at) == (2, None)
    assert broken(life.queue, drained=True) == []
