"""Refusals and failures that share a message."""

from dataclasses import replace

from sqlalchemy import select

from bot.localslack.server import LocalSlack
from bot.store import tables
from tests.kit.deliveries import clocked, drain, send, shown
from tests.kit.invariants import broken
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, AUDIT, OMAR, SAM, ask, hold


def test_equal_refusals_are_one_message_per_minute_and_each_is_recorded(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, clock = clocked(queue)
    for _ in range(30):
        ask(setup, "retry 45", by=SAM)
        watch(setup, hold(setup))
        send(setup, slack)
        clock.move(seconds=6)
    assert len(queue.rows(tables.audit)) == 30
    drain(setup, slack, clock)
    # Three minutes: one message at once, and one at the end of each minute.
    assert len(shown(slack, AUDIT)) == 4
    assert broken(queue, drained=True) == []


def test_refusals_have_one_message_per_person_and_one_line_per_command(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, clock = clocked(queue)
    sam = [
        (SAM, words) for words in ("retry 45", "delete 45", "retry 46", "delete 46", "delete 47")
    ]
    for by, words in (*sam, (OMAR, "delete 45")):
        ask(setup, words, by=by)
    drain(setup, slack, clock)
    gathered, other = shown(slack, AUDIT)
    assert OMAR in other
    retries, deletions = gathered.splitlines()[:2]
    assert "tried `retry 45`" in retries
    assert "tried `delete 45`" in deletions
    assert [line[-1] for line in (retries, deletions)] == ["2", "3"]


def test_the_alert_of_a_failure_removed_without_the_bot_has_no_buttons(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, clock = clocked(queue)
    watch(setup, hold(setup))
    queue.fail(45)
    queue.fail(46, exception="another cause")
    drain(setup, slack, clock)
    assert all("actions" in str(message["blocks"]) for message in slack.messages(ALERTS))
    with queue.engine.begin() as connection:
        connection.execute(queue.queue.failed.delete().where(queue.queue.failed.c.id == 45))
    drain(setup, slack, clock)
    clock.move(seconds=setup.alerting.resolve_seconds)
    drain(setup, slack, clock)
    gone, there = slack.messages(ALERTS)
    assert "actions" not in str(gone["blocks"])
    assert "actions" in str(there["blocks"])
    with queue.engine.begin() as connection:
        states = connection.execute(
            select(
                tables.incidents.c.active_subject.is_(None), tables.incidents.c.settled_how
            ).order_by(tables.incidents.c.id)
        ).all()
    assert [tuple(row) for row in states] == [
        (1, "gone"),
        (0, None),
    ]


def test_many_failures_are_posted_in_few_messages_that_cover_every_failure(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, clock = clocked(queue)
    setup = replace(setup, alerts_per_minute=5)
    watch(setup, hold(setup))
    for number in range(40):
        queue.fail(exception=f"cause {'abcdefgh'[number % 8] * 5}")
    drain(setup, slack, clock)
    assert len(shown(slack, ALERTS)) == 6
    assert broken(queue, drained=True) == []


def test_failures_before_the_first_start_are_not_posted(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, clock = clocked(queue)
    for _ in range(5):
        queue.fail()
    drain(setup, slack, clock)
    assert (queue.count(tables.failures), shown(slack, ALERTS)) == (5, [])
