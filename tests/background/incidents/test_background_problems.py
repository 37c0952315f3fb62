"""An incident reports a part of the bot that does not work, and resolves when it works again."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from bot.background.health import HealthObserver
from bot.background.incidents import grouping, lifecycle
from bot.localslack.server import LocalSlack
from bot.store import tables
from tests.kit.broken_tables import without_table
from tests.kit.clock import Clock
from tests.kit.posting import deliver, poster_of, thread, top
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, ask, hold, make_setup

LOOK = 30


class Observed:
    """A leader whose steps a test can make fail."""

    def __init__(self, queue: TestQueue, slack: LocalSlack) -> None:
        self.queue, self.slack = queue, slack
        self.clock = Clock()
        self.setup = make_setup(queue, clock=self.clock)
        self.observer = HealthObserver(self.setup)

    def look(self, rounds: int = 1, seconds: float = LOOK) -> list[str]:
        """Run `rounds` checks, each followed by the loop's steps; return each incident's state."""
        for _ in range(rounds):
            self.clock.move(seconds=seconds)
            lease = hold(self.setup)
            with self.queue.engine.begin() as connection:
                now = self.setup.clock(connection)
                # The leader's other work is up to date.
                connection.execute(update(tables.watcher_load).values(passed_at=now))
                connection.execute(update(tables.samples).values(taken_at=now))
            self.observer.observe_once(lease)
            lifecycle.advance_once(self.setup, lease)
            grouping.refresh_once(self.setup, lease)
            deliver(self.setup, poster_of(self.slack), lease)
        rows = self.queue.rows(tables.incidents)
        return [f"{row.subject} {row.resolution or 'open'}" for row in rows]

    def fails(self, *names: str) -> None:
        """Record that exactly these steps have failed for ten minutes."""
        with self.queue.engine.begin() as connection:
            connection.execute(tables.background_steps.delete())
            since = self.setup.clock(connection) - timedelta(minutes=10)
            for name in names:
                row = {"name": name, "period_seconds": 5, "failures": 9, "error": "busy"}
                connection.execute(
                    insert(tables.background_steps).values(**row, succeeded_at=since)
                )


@pytest.fixture
def observed(queue: TestQueue, slack: LocalSlack) -> Observed:
    """A leader without any problem."""
    observed = Observed(queue, slack)
    with queue.engine.begin() as connection:
        now = observed.setup.clock(connection)
        connection.execute(insert(tables.samples).values(taken_at=now, took_ms=1, body="{}"))
        connection.execute(
            update(tables.cursors).where(tables.cursors.c.name.like("backfill%")).values(position=0)
        )
    return observed


def test_a_background_problem_is_posted_once_and_resolves_when_the_step_works_again(
    observed: Observed,
) -> None:
    assert observed.look(3) == []
    observed.fails("index")
    assert observed.look() == []
    assert observed.look(20) == ["background_problem:failures open"]
    (alert,) = top(observed.slack, ALERTS)
    assert "the index of failures does not work" in alert
    assert "Indexing new failures fails" in alert
    assert "(`busy`)" in alert
    assert not thread(observed.slack, ALERTS)

    observed.fails()
    assert observed.look(6) == ["background_problem:failures recovered"]
    (alert,) = top(observed.slack, ALERTS)
    assert "the index of failures works again" in alert
    (over,) = thread(observed.slack, ALERTS)
    assert "processed" not in over


def test_two_failing_steps_of_one_part_share_an_incident_and_another_part_has_its_own(
    observed: Observed,
) -> None:
    observed.fails("index", "scan")
    observed.look(2)
    observed.fails("index", "scan", "seal")
    assert observed.look(2) == ["background_problem:failures open", "background_problem:audit open"]


def test_a_problem_that_ends_before_the_next_check_is_not_posted(observed: Observed) -> None:
    for _ in range(3):
        observed.fails("index")
        observed.look()
        observed.fails()
        assert observed.look() == []


def test_an_unacknowledged_background_problem_escalates_and_can_be_muted(
    observed: Observed,
) -> None:
    observed.fails("seal")
    observed.look(2)
    observed.look(31)
    (escalated,) = thread(observed.slack, ALERTS)
    assert "1 problem" in escalated
    assert ask(observed.setup, "mute alert=background_problem for=1h").refusal is None
    observed.fails("index", "seal")
    observed.look(3)
    assert len(top(observed.slack, ALERTS)) == 1


def test_the_incident_of_a_part_that_cannot_be_checked_stays_active(observed: Observed) -> None:
    observed.fails("seal")
    observed.look(2)
    with observed.queue.engine.begin() as connection:
        connection.execute(tables.background_steps.delete())
    # The alert was just edited; an edit that is postponed now would never be sent.
    assert ask(observed.setup, "acknowledge I1").refusal is None
    observed.look(seconds=5)
    with without_table(observed.queue, tables.audit_chain.name):
        observed.look(10, seconds=5)
    (row,) = observed.queue.rows(tables.incidents)
    assert row.resolved_at is None
    assert "Not checked: " in observed.slack.messages(ALERTS)[0]["text"]
