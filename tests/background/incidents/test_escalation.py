"""Escalations are few, however many jobs fail, and each incident gets its turn."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from bot.background import leader
from bot.background.incidents import lifecycle, resolution
from bot.background.incidents.escalation import ESCALATIONS
from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.incidents import transitions
from tests.kit.incident_life import CALL, Life, causes, make_life
from tests.kit.invariants import broken
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.kit.replicas import OMAR, ask, hold


def test_an_incident_escalates_when_its_count_has_grown_tenfold(life: Life) -> None:
    life.storm(GONE_AWAY, each=20)
    life.tick()
    life.storm(GONE_AWAY, each=180)
    life.tick(seconds=30)
    assert life.replies() == [], "no second mention within a minute"
    life.tick(seconds=31)
    (reply,) = life.replies()
    assert "from 20 failed jobs to 200 failed jobs" in reply
    assert CALL in reply
    life.storm(GONE_AWAY, each=1_700)
    life.tick(seconds=90)
    assert len(life.replies()) == 1, "1,900 failures are less than ten times 200 failures"


def test_an_incident_of_one_failure_escalates_only_at_100_failures(life: Life) -> None:
    life.storm(GONE_AWAY)
    life.tick()
    life.storm(GONE_AWAY, each=98)
    life.tick(seconds=61)
    assert life.replies() == []
    life.storm(GONE_AWAY)
    life.tick(seconds=5)
    assert len(life.replies()) == 1


def test_incidents_triggered_together_mention_once_and_a_later_incident_mentions_again(
    life: Life,
) -> None:
    life.storm(*causes(4), each=50)
    life.tick()
    life.tick(seconds=30)
    life.storm("a cause of its own")
    life.tick()
    assert len(life.messages()) == 5
    posted = [str(call.args) for call in life.slack.calls("chat.postMessage")]
    assert sum(CALL in text for text in posted) == 1
    life.tick(seconds=31)
    life.storm("another one, a minute after the call")
    life.tick()
    posted = [str(call.args) for call in life.slack.calls("chat.postMessage")]
    assert [CALL in text for text in posted][-1], "an incident after the burst has its own mention"
    assert len([row for row in life.incidents if row.called_at is not None]) == 2


def test_of_incidents_that_grow_together_one_a_minute_escalates_the_largest_first(
    life: Life,
) -> None:
    names = causes(8)
    life.storm(*names)
    life.tick()
    for minute in range(1, 4):
        life.storm(*names, each=120)
        life.storm(names[5], each=50)
        life.tick(seconds=61)
        assert len(life.replies()) == minute
    assert "from 1 failed job to 171 failed jobs" in life.replies()[0]


def test_an_incident_that_stopped_growing_does_not_escalate(life: Life) -> None:
    names = causes(8)
    life.storm(*names)
    life.tick()
    life.storm(*names, each=120)
    life.tick(seconds=50)
    for _ in range(10):
        life.tick(seconds=50)
    assert len(life.replies()) <= 2, (
        "the incidents no longer grew when the next mention was allowed"
    )
    assert broken(life.queue, drained=True) == []


def test_many_unacknowledged_incidents_escalate_once_each_at_a_limited_rate(life: Life) -> None:
    life.storm(*causes(12))
    life.tick()
    life.tick(seconds=901)
    assert len(life.replies()) == ESCALATIONS
    life.tick(seconds=30)
    assert len(life.replies()) == ESCALATIONS
    for _ in range(5):
        life.tick(seconds=31)
    assert len(life.replies()) == 12
    assert sum(CALL in one for one in life.replies()) == 3, "one mention per minute"
    assert {row.escalations for row in life.incidents} == {1}


def test_incidents_whose_mute_ends_together_are_posted_at_the_rate_of_alerts(life: Life) -> None:
    life = replace(life, setup=replace(life.setup, alerts_per_minute=5))
    with life.queue.engine.begin() as connection:
        now = life.setup.clock(connection)
        for number in range(12):
            subject = transitions.group_subject(1_000 + number, "mail")
            opened = transitions.trigger(connection, subject, now)
            rule = {"rule": "backlog_growth", "value": number, "facts": '{"waiting": 3}'}
            transitions.update_incident(connection, opened.id, **rule)
    life.tick()
    assert len(life.messages()) == 5
    life.tick(seconds=61)
    assert len(life.messages()) == 10
    life.tick(seconds=61)
    assert len(life.messages()) == 12


def test_each_incident_is_checked_in_turn_if_more_are_active_than_a_pass_checks(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Resolving 500 incidents at once takes a second here, and many seconds on a busy machine.
    monkeypatch.setattr(leader, "SECONDS", 50.0)
    many = 2 * lifecycle.AT_ONCE + 20
    with life.queue.engine.begin() as connection:
        now = life.setup.clock(connection)
        rows = [
            {
                "rule": "new_failures",
                "subject": f"group:{number}",
                "active_subject": f"group:{number}",
                "error_group": number,
                "triggered_at": now,
                "last_at": now,
                "count": 1,
                "removed": 1,
                "stale": False,
            }
            for number in range(10_000, 10_000 + many)
        ]
        connection.execute(insert(tables.incidents), rows)
    life.clock.move(seconds=61)
    looked = [lifecycle.advance_once(life.setup, hold(life.setup)) for _ in range(3)]
    assert looked == [lifecycle.AT_ONCE, lifecycle.AT_ONCE, 20]
    assert {row.resolution for row in life.incidents} == {"recovered"}
    life.storm(GONE_AWAY)
    life.tick()
    assert len(life.messages()) == 1, "after the last incident, the checks start again at the first"


def test_incidents_that_stay_active_do_not_delay_the_check_of_other_incidents(life: Life) -> None:
    many = lifecycle.AT_ONCE + 3
    c = tables.incidents.c
    with life.queue.engine.begin() as connection:
        now = life.setup.clock(connection)
        for number in range(many):
            transitions.trigger(connection, transitions.group_subject(number, None), now)
        connection.execute(update(tables.incidents).values(count=1, muted_until=now))
        first = connection.execute(select(func.min(c.id))).scalar_one()
        oldest = c.id < first + 3
        connection.execute(update(tables.incidents).where(oldest).values(removed=1))
    life.clock.move(seconds=61)
    lifecycle.advance_once(life.setup, hold(life.setup))
    assert sum(row.resolved_at is not None for row in life.incidents) == 3


@pytest.mark.parametrize(
    ("reopened", "seconds"), [(0, 60), (1, 120), (3, 480), (4, 900), (400, 900)]
)
def test_an_incident_that_was_often_reopened_resolves_later(
    queue: TestQueue, slack: LocalSlack, reopened: int, seconds: int
) -> None:
    life = make_life(queue, slack)
    assert resolution.patience(life.setup, reopened) == timedelta(seconds=seconds)


def test_an_acknowledged_incident_that_is_not_resolved_reminds_its_person(life: Life) -> None:
    life.storm(GONE_AWAY)
    life.tick()
    (incident,) = life.incidents
    with life.queue.engine.begin() as connection:
        transitions.acknowledge(connection, incident.id, OMAR, life.setup.clock(connection))
    hours = life.setup.alerting.remind_seconds // 3600
    for hour in range(2 * hours):
        life.storm(GONE_AWAY)  # else the incident resolves as quiet
        life.tick(seconds=3_600)
        assert len(life.replies()) == (hour + 1) // hours
    for reply in life.replies():
        assert f"<@{OMAR}> acknowledged this incident" in reply
        assert "not resolved" in reply
        assert CALL not in reply
    assert broken(life.queue, drained=True) == []


def test_an_alert_shows_the_note_of_its_error_group(life: Life) -> None:
    life.storm(GONE_AWAY, each=2)
    life.tick()
    group = life.incident.error_group
    ask(life.setup, f"note E{group} note=https://wiki.example.com/e1", by=OMAR)
    life.tick(seconds=5)
    (alert,) = life.messages()
    assert "📒 <https://wiki.example.com/e1|" in alert
