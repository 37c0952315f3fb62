"""An incident that fails, or has no channel for its alert, delays no other; nothing is lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from bot.background.incidents import lifecycle, probe
from bot.store.tables import incidents
from tests.kit.incident_life import CALL, Life
from tests.kit.replicas import ALERTS, OPS, ask, hold


def archived(life: Life, *, gone: bool) -> None:
    """Archive the alert channel, or restore it."""
    workspace = life.slack.workspace
    workspace.put_channel(replace(workspace.channels[ALERTS], is_archived=gone))


def test_an_escalation_for_an_archived_channel_is_posted_in_the_fallback_channel(
    life: Life,
) -> None:
    life.queue.fail(1)
    life.tick()
    archived(life, gone=True)
    for _ in range(4):
        life.tick(seconds=301)
    texts = "\n".join(life.messages(OPS))
    assert "nobody has acknowledged it" in texts
    assert CALL in texts


def test_messages_for_an_archived_channel_do_not_delay_alerts_in_the_fallback_channel(
    life: Life,
) -> None:
    life.queue.fail(1, exception="one")
    life.tick()
    archived(life, gone=True)
    life.queue.fail(2, exception="one")
    life.tick(seconds=5)
    life.queue.fail(3, exception="two")
    life.tick(seconds=31)
    life.queue.fail(4, exception="two")
    life.tick(seconds=31)
    life.tick(seconds=31)
    (alert,) = [one for one in life.messages(OPS) if "two" in one]
    assert "2 failed jobs" in alert
    (moved,) = [one for one in life.messages(OPS) if "one" in one]
    assert "2 failed jobs" in moved, "the first alert is edited in the fallback channel too"
    assert CALL not in moved
    assert life.waiting() == 0


def test_an_alert_in_an_archived_channel_shows_the_resolution_after_the_fix(life: Life) -> None:
    life.queue.fail(1)
    life.tick()
    archived(life, gone=True)
    life.take(1)
    life.tick(seconds=5)
    life.tick(minutes=5)
    archived(life, gone=False)
    life.tick(seconds=31)
    assert "run:retry" not in str(life.slack.messages(ALERTS)[0])
    assert life.waiting() == 0


def test_an_incident_that_resolved_as_quiet_while_muted_is_posted_when_the_mute_ends(
    life: Life,
) -> None:
    life.queue.fail(1, queue="mail")
    life.tick()
    group = life.incident.error_group
    ask(life.setup, f"mute error=E{group} for=4h")
    life.take(1)
    life.tick(minutes=5)
    life.tick(hours=1, minutes=5)
    # More than an hour has passed, so this is a new incident, which has no alert yet.
    life.queue.fail(2, queue="mail")
    life.tick()
    life.tick(hours=1, minutes=30)
    assert len(life.messages()) == 1
    life.tick(hours=1, minutes=30)
    assert len(life.messages()) == 2, "the job of the muted incident has failed"
    assert CALL in life.messages()[1]


def test_an_incident_that_cannot_be_rendered_does_not_block_other_alerts(life: Life) -> None:
    life.queue.fail(1, exception="one")
    life.tick()
    with life.queue.engine.begin() as connection:
        broken = {"rule": "oldest_job", "facts": "{", "stale": True}
        connection.execute(update(incidents).values(**broken))
    life.queue.fail(2, exception="two")
    life.tick(seconds=5)
    assert any("two" in one for one in life.messages())
    life.queue.fail(3, exception="two")
    life.tick(seconds=5)
    assert any("2 failed jobs" in one for one in life.messages())


def test_every_incident_resolves_if_more_are_active_than_a_pass_checks(
    life: Life,
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=2)
    row = {
        "triggered_at": now,
        "last_at": now,
        "posted_at": now,
        "channel": ALERTS,
        "notified_size": 1,
    }
    many = [
        {
            "rule": "new_failures",
            "subject": f"group:{group}",
            "active_subject": f"group:{group}",
            "count": 1,
        }
        | {"error_group": group, "message_ts": str(group), "acknowledged_at": now, **row}
        for group in range(1_000, 1_000 + lifecycle.AT_ONCE + 30)
    ]
    # The newest incidents must not resolve yet, because their last failure is recent.
    for row in many[30:]:
        row["last_at"] = now + timedelta(hours=2)
    with life.queue.engine.begin() as connection:
        connection.execute(insert(incidents), many)
    for _ in range(60):
        lifecycle.advance_once(life.setup, hold(life.setup))
        if len([row for row in life.incidents if row.resolved_at is not None]) == 30:
            return
    pytest.fail("some incidents were never checked")


def test_a_failure_at_the_end_of_the_calendar_does_not_stop_the_monitoring(life: Life) -> None:
    lima = replace(life.setup.queue, zone=ZoneInfo("America/Lima"))
    life.setup = replace(life.setup, queue=lima)
    life.queue.fail(1, failed_at=datetime(9999, 12, 31, 23, 59, 59))  # noqa: DTZ001 wall clock
    life.queue.push(created_at=0, available_at=0)
    life.tick()
    probe.probe_once(life.setup, hold(life.setup))
    life.tick()
    assert [row.rule for row in life.incidents] == ["new_failures", "oldest_job"]
    assert "Failed job 1" in life.messages()[0]
