"""Removed failures leave the index for scopes later, and every answer is right before and after."""

from time import monotonic

import pytest
from sqlalchemy import Connection, select, text, update

from bot.background.failures import copy_removed_once
from bot.background.operations.runner import Runner
from bot.database.transactions import changing, now_of
from bot.models.operations import Scope
from bot.store import tables
from bot.store.cursors import position
from bot.store.failures.removed_copy import CURSOR, copy_removed
from bot.store.operations import scopes
from tests.kit.bulk import previewed, run_out, started
from tests.kit.concurrency import until
from tests.kit.failure_index import index, remove, scan_all, seed_many
from tests.kit.invariants import broken
from tests.kit.queues import TestQueue
from tests.kit.replicas import hold, make_setup


def copy(queue: TestQueue, rows: int = 10_000, copied_rows: int = 4_000) -> int:
    """Run one pass in its own transaction."""
    return changing(
        queue.engine,
        monotonic() + 20,
        lambda connection: copy_removed(connection, rows, copied_rows),
    )


def copies(queue: TestQueue) -> list[int]:
    """Return the failed ids of the failures with a copy, which equals the time of the removal."""
    rows = [row for row in queue.rows(tables.failures) if row.removed_copy is not None]
    assert all(row.removed_copy == row.removed_at for row in rows)
    return [row.failed_id for row in rows]


def reached(queue: TestQueue) -> int:
    """Return the position of the cursor."""
    with queue.engine.begin() as connection:
        return position(connection, CURSOR)


def test_exactly_the_removed_failures_get_a_copy(queue: TestQueue) -> None:
    for failed_id in range(1, 11):
        queue.fail(failed_id)
    index(queue)
    remove(queue, 2, 3, 4, 8, 10)
    scan_all(queue, 100)
    assert copies(queue) == []

    assert copy(queue) == 5

    assert copies(queue) == [2, 3, 4, 8, 10]
    assert (copy(queue), reached(queue)) == (0, 0)
    assert copies(queue) == [2, 3, 4, 8, 10]


def test_a_cursor_moves_through_all_failures_and_restarts(queue: TestQueue) -> None:
    for failed_id in range(1, 11):
        queue.fail(failed_id)
    index(queue)
    remove(queue, 2, 3, 4, 8, 10)
    scan_all(queue, 100)

    assert [(copy(queue, rows=4), reached(queue)) for _ in range(3)] == [(3, 4), (1, 8), (1, 0)]
    # The index has five failures now. One that was removed meanwhile is found by the next walk.
    remove(queue, 1)
    scan_all(queue, 100)
    assert [(copy(queue, rows=4), reached(queue)) for _ in range(2)] == [(1, 7), (0, 0)]
    assert copies(queue) == [1, 2, 3, 4, 8, 10]


def test_a_pass_copies_no_more_rows_than_its_limit_and_skips_none(queue: TestQueue) -> None:
    for failed_id in range(1, 8):
        queue.fail(failed_id)
    index(queue)
    remove(queue, *range(1, 8))
    scan_all(queue, 100)

    assert [(copy(queue, 6, 3), reached(queue)) for _ in range(4)] == [
        (3, 3),
        (3, 6),
        (1, 0),
        (0, 0),
    ]
    assert len(copies(queue)) == 7


def test_a_scope_has_no_removed_failure_before_and_after_the_copy(queue: TestQueue) -> None:
    for failed_id in range(1, 7):
        queue.fail(failed_id)
    index(queue)
    setup = make_setup(queue)
    remove(queue, 2, 3)
    scan_all(queue, 100)

    for _ in range(2):
        plan = previewed(setup)
        assert (plan.total, {job.failed_id for job in plan.samples}) == (4, {1, 4, 5, 6})
        with queue.engine.begin() as connection:
            assert scopes.bound(connection, Scope(limit=2)) == 4
        copy_removed_once(setup, hold(setup))
    assert copies(queue) == [2, 3]

    started(setup, "clear-failed archive=no")
    run_out(Runner(setup, 2, lanes=1, seconds=0))
    assert (queue.failed, copies(queue)) == ([], [2, 3])
    assert copy_removed_once(setup, hold(setup)) == 4
    assert previewed(setup).total == 0
    assert broken(queue) == []


@pytest.mark.parametrize("is_copied", [False, True])
def test_an_undo_restores_failures_into_the_index(queue: TestQueue, *, is_copied: bool) -> None:
    for failed_id in range(1, 4):
        queue.fail(failed_id)
    setup = make_setup(queue)
    started(setup, "clear-failed")
    run_out(Runner(setup, 2, lanes=1, seconds=0))
    if is_copied:
        assert copy_removed_once(setup, hold(setup)) == 3

    started(setup, "undo")
    run_out(Runner(setup, 2, lanes=1, seconds=0))

    assert [row.removed_copy for row in queue.rows(tables.failures)][3:] == [None] * 3
    assert previewed(setup).total == 3
    copy_removed_once(setup, hold(setup))
    assert copies(queue) == [1, 2, 3]
    assert previewed(setup).total == 3
    assert broken(queue) == []


def reads(connection: Connection) -> int:
    """Return how many rows and index entries this session has read so far."""
    rows = connection.execute(text("SHOW SESSION STATUS LIKE 'Handler_read%'"))
    return sum(int(value) for _, value in rows)


def test_a_scope_of_few_failures_reads_no_copied_failure(mariadb_queue: TestQueue) -> None:
    queue, many = mariadb_queue, 3_000
    seed_many(queue, many)
    index(queue)
    c = tables.failures.c
    with queue.engine.begin() as connection:
        left = update(tables.failures).where(c.seq % 100 != 0)
        connection.execute(left.values(removed_at=now_of(connection)))
    assert [copy(queue) for _ in range(2)] == [many - many // 100, 0]

    def rows_read() -> int:
        with queue.engine.begin() as connection:
            connection.execute(text("ANALYZE TABLE queue_bot_failures")).all()
            before = reads(connection)
            bound = scopes.bound(connection, Scope())
            within = scopes.matching(Scope()) & (c.seq <= bound)
            parts = scopes.parts(connection, within, bound)
            assert sum(part.rows for part in parts) == many // 100
            scopes.samples(connection, within)
            return reads(connection) - before

    # The server purges the old entries of the index a moment later.
    until(lambda: rows_read() < many / 4)


def test_a_copy_does_not_wait_for_a_bulk_change_that_runs(mariadb_queue: TestQueue) -> None:
    queue = mariadb_queue
    for failed_id in range(1, 9):
        queue.fail(failed_id)
    index(queue)
    c = tables.failures.c
    with queue.engine.begin() as connection:
        removed = update(tables.failures).where(c.failed_id.in_((1, 2, 3, 7)))
        connection.execute(removed.values(removed_at=now_of(connection)))
    with queue.engine.connect() as batch:
        running = update(tables.failures).where(c.seq.between(4, 6))
        batch.execute(running.values(removed_at=now_of(batch)))
        began = monotonic()
        assert copy(queue) == 4
        assert monotonic() - began < 2
        batch.commit()
    assert copies(queue) == [1, 2, 3, 7]
    assert copy(queue) == 3
    # Another batch, too, does not wait for a pass that has not committed.
    with queue.engine.connect() as walk:
        walk.execute(update(tables.failures).where(c.seq <= 7).values(removed_copy=c.removed_at))
        with queue.engine.begin() as connection:
            connection.execute(select(c.seq).where(c.seq == 8).with_for_update()).one()
        walk.rollback()
