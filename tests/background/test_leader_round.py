"""A round of the leader reads nothing for steps without waiting work, and misses no work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert

from bot.app.setup import Setup
from bot.background.database_load import Load
from bot.background.leader_round import NOTHING_UNSEALED, LeaderRound
from bot.background.operations.runner import Runner
from bot.store import tables, waiting_work
from bot.store.audit.sealing import SEAL_ROWS
from bot.store.leases import Lease
from bot.store.waiting_work import WaitingWork
from tests.kit.bulk import run_out, small_batches, started
from tests.kit.posting import Refusing
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, hold, make_setup

INTERVAL = 3_600.0
"""Seconds between complete passes; so long that no test reaches the next one."""


class Leader:
    """A leader whose rounds the test runs one at a time."""

    def __init__(self, queue: TestQueue, interval: float = INTERVAL) -> None:
        self.queue = queue
        self.setup: Setup = make_setup(queue)
        self.lease: Lease = hold(self.setup)
        engine = queue.engine
        self.round = LeaderRound(self.setup, Refusing(), Load(self.setup), engine, interval)
        self.round.begin()

    def waiting(self) -> WaitingWork:
        """Return the current waiting work."""
        with self.queue.engine.connect() as connection:
            setup, sealed_to = self.setup, self.round.sealed_to
            version = setup.queue.subjects_version
            return waiting_work.read(connection, setup.clock, setup.replica, sealed_to, version)

    def run(self, rounds: int = 1) -> None:
        """Run rounds, each with the waiting work of that moment."""
        for _ in range(rounds):
            self.round.run(self.lease, self.waiting())

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Collect the statements that are executed in the block."""
        executed: list[str] = []

        def note(_connection: Connection, _cursor: object, statement: str, *_: Any) -> None:
            executed.append(statement)

        event.listen(self.queue.engine, "before_cursor_execute", note)
        try:
            yield executed
        finally:
            event.remove(self.queue.engine, "before_cursor_execute", note)


@pytest.fixture
def leader(queue: TestQueue) -> Leader:
    """A leader that has completed the work of its start."""
    leader = Leader(queue)
    leader.run(5)
    return leader


def test_a_round_without_waiting_work_executes_no_statement(leader: Leader) -> None:
    waiting = leader.waiting()
    with leader.statements() as executed:
        leader.round.run(leader.lease, waiting)
    assert executed == []


def test_waiting_work_is_read_by_one_statement(leader: Leader) -> None:
    with leader.statements() as executed:
        leader.waiting()
    reads = [statement for statement in executed if "SELECT" in statement]
    # A test's clock needs a second statement; `queue-bot run` reads its clock in the first.
    assert len(reads) <= 2
    assert "queue_bot_leases" in reads[0]


def test_a_round_runs_every_step_if_the_waiting_work_is_unknown(leader: Leader) -> None:
    with leader.statements() as executed:
        leader.round.run(leader.lease, None)
    assert any("queue_bot_audit_chain" in statement for statement in executed)
    assert any("queue_bot_outbox" in statement for statement in executed)


def test_a_change_of_another_replica_is_sealed_in_the_next_round(leader: Leader) -> None:
    assert not leader.waiting().unsealed
    ask(make_setup(leader.queue, "b"), "freeze deploying")
    waiting = leader.waiting()
    assert waiting.unsealed
    leader.round.run(leader.lease, waiting)
    after = leader.waiting()
    assert not after.unsealed
    assert after.message_at is not None


def test_a_backlog_of_audit_records_is_sealed_completely(queue: TestQueue) -> None:
    leader = Leader(queue)
    for number in range(SEAL_ROWS + 5):
        ask(leader.setup, "unfreeze" if number % 2 else "freeze deploying")
    leader.round.run(leader.lease, None)
    assert leader.round.sealed_to == NOTHING_UNSEALED
    leader.run(2)
    assert queue.count(tables.audit) == queue.count(tables.audit_chain)
    assert leader.round.sealed_to < NOTHING_UNSEALED


def test_an_audit_record_that_commits_late_with_a_lower_id_is_sealed(
    mariadb_queue: TestQueue,
) -> None:
    leader = Leader(mariadb_queue)
    leader.run(5)
    with mariadb_queue.engine.connect() as late:
        transaction = late.begin()
        record = dict.fromkeys(("team", "detail", "channel", "message_ts", "reason"))
        values = {
            column.name: "x"
            for column in tables.audit.columns
            if column.name not in ("id", "at", *record)
        }
        values |= {"arguments": "{}", "targets": "[]"}
        at = leader.waiting().now
        late.execute(insert(tables.audit).values(**values, **record, at=at))
        ask(leader.setup, "freeze deploying")
        leader.run(3)
        assert not leader.waiting().unsealed
        transaction.commit()
    assert leader.waiting().unsealed
    leader.run()
    assert mariadb_queue.count(tables.audit) == mariadb_queue.count(tables.audit_chain)


def test_a_failure_is_indexed_although_no_complete_pass_is_due(queue: TestQueue) -> None:
    leader = Leader(queue, interval=0.0)
    leader.run(5)
    queue.fail()
    leader.run()
    assert queue.count(tables.failures) == 1
    assert queue.count(tables.incidents) == 1


def test_a_failure_that_commits_late_with_a_lower_id_is_indexed(queue: TestQueue) -> None:
    leader = Leader(queue, interval=0.0)
    leader.run(5)
    queue.fail(20)
    leader.run()
    queue.fail(10)
    leader.run()
    assert queue.count(tables.failures) == 2


def test_failures_after_a_truncated_table_are_indexed(queue: TestQueue) -> None:
    queue.fail(20)
    leader = Leader(queue, interval=0.0)
    leader.run(5)
    with queue.engine.begin() as connection:
        connection.execute(queue.queue.failed.delete())
    queue.fail(1)
    leader.run()
    assert 1 in {row.failed_id for row in queue.rows(tables.failures) if row.removed_at is None}


def test_removed_failures_are_copied_in_each_round_until_none_is_left(queue: TestQueue) -> None:
    leader = remover(queue)
    run_out(small_batches(leader.setup))
    assert [copies_in_a_round(leader) for _ in range(3)] == [True, True, False]
    assert all(row.removed_copy == row.removed_at for row in queue.rows(tables.failures))


def test_removed_failures_are_copied_only_once_in_a_period_during_a_bulk_change(
    queue: TestQueue,
) -> None:
    leader = remover(queue)
    Runner(leader.setup, 2, lanes=1, seconds=0).run_once()
    assert [copies_in_a_round(leader) for _ in range(2)] == [True, False]
    copies = [row.removed_copy is not None for row in queue.rows(tables.failures)]
    assert copies == [True, True, False, False]


def remover(queue: TestQueue) -> Leader:
    """Return a leader at its first round, with a bulk change that has not begun yet."""
    for _ in range(4):
        queue.fail()
    leader = Leader(queue)
    started(leader.setup, "clear-failed archive=no")
    return leader


def copies_in_a_round(leader: Leader) -> bool:
    """Run a round; return whether it searched the index for removed failures."""
    waiting = leader.waiting()
    with leader.statements() as executed:
        leader.round.run(leader.lease, waiting)
    parts = ("removed_copy IS NULL", "removed_at IS NOT NULL")
    return any(all(part in statement for part in parts) for statement in executed)


def test_a_queue_with_only_delayed_jobs_is_not_checked_again(queue: TestQueue) -> None:
    queue.push(available_at=2_000_000_000)
    leader = Leader(queue, interval=0.0)
    leader.run(5)
    waiting = leader.waiting()
    with leader.statements() as executed:
        leader.round.run(leader.lease, waiting)
    assert not any("queue_bot_probe_states" in statement for statement in executed)


@pytest.mark.parametrize("state", ["available", "reserved"])
def test_a_queue_with_changed_jobs_is_checked_again(queue: TestQueue, state: str) -> None:
    queue.push(available_at=2_000_000_000)
    leader = Leader(queue, interval=0.0)
    leader.run(5)
    queue.push(reserved_at=1_762_537_376 if state == "reserved" else None)
    waiting = leader.waiting()
    with leader.statements() as executed:
        leader.round.run(leader.lease, waiting)
    assert any("queue_bot_probe_states" in statement for statement in executed)
