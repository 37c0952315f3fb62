"""The scan and the settled cursor: late commits, reused ids and removed rows are found."""

from datetime import timedelta
from functools import partial
from time import monotonic

from sqlalchemy import func, select, text, update

from bot.store import tables
from bot.store.cursors import position
from bot.store.failures import index_scan
from tests.kit.failure_index import LATER, NOW, ids, index, remove, scan_all, seed_many, step
from tests.kit.invariants import broken
from tests.kit.queues import TestQueue


def test_the_backfill_moves_the_settled_cursor_past_old_failures_only(queue: TestQueue) -> None:
    """Otherwise each pass would read the whole backlog again for ten minutes."""
    minutes = (300, 11, 9, 200, 1)
    for failed_id, ago in enumerate(minutes, start=1):
        queue.fail(failed_id, failed_at=NOW - timedelta(minutes=ago))
    index(queue)
    with queue.engine.begin() as connection:
        assert position(connection, "settled") == 2


def test_a_failure_that_commits_below_the_settled_cursor_is_found_by_the_scan(
    queue: TestQueue,
) -> None:
    index(queue)
    queue.fail(100)
    index(queue)
    assert index(queue, LATER) == 0  # 100 is settled now
    queue.fail(50)
    assert index(queue, LATER) == 0
    assert scan_all(queue, 20_000) == (1, 0)
    assert ids(queue) == [100, 50]


def test_the_scan_marks_missing_failures_as_removed_in_small_ranges(queue: TestQueue) -> None:
    index(queue)
    for failed_id in range(1, 31):
        queue.fail(failed_id)
    index(queue)
    remove(queue, 1, 7, 8, 9, 30)
    assert scan_all(queue, 4) == (0, 5)
    assert ids(queue) == [n for n in range(1, 30) if n not in (1, 7, 8, 9)]
    remove(queue, *range(1, 31))
    assert scan_all(queue, 4) == (0, 25)
    assert ids(queue) == []


def truncate(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        if queue.engine.dialect.name == "sqlite":
            connection.execute(text("DELETE FROM failed_jobs"))
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = 'failed_jobs'"))
        else:
            connection.execute(text("TRUNCATE TABLE failed_jobs"))


def test_ids_that_restart_at_1_are_new_failures(queue: TestQueue) -> None:
    index(queue)
    for order in range(5):
        queue.fail(order=order)
    index(queue)
    index(queue, LATER)  # all five are settled
    truncate(queue)
    again = [queue.fail(order=order, failed_at=LATER) for order in range(10, 13)]
    assert again == [1, 2, 3]
    assert index(queue, LATER) == 3
    scan_all(queue, 20_000, LATER)
    assert ids(queue) == [1, 2, 3]
    assert {row.order_id for row in queue.rows(tables.failures) if row.removed_at is None} == {
        "10",
        "11",
        "12",
    }


def test_an_id_reused_in_the_same_second_is_found_by_the_scan(queue: TestQueue) -> None:
    index(queue)
    queue.fail(7, order=1)
    index(queue)
    remove(queue, 7)
    queue.fail(7, order=2)
    assert index(queue) == 0
    assert scan_all(queue, 20_000) == (1, 1)
    old, new = queue.rows(tables.failures)
    assert (old.order_id, old.removed_at, new.order_id, new.removed_at) == ("1", NOW, "2", None)


def test_thousands_of_failures_are_indexed_and_scanned_in_seconds(
    mariadb_queue: TestQueue,
) -> None:
    """Measured: 0.3 ms per failure on two busy cores; `make campaign` indexes more."""
    seed_many(mariadb_queue, 5_000)
    began = monotonic()
    assert index(mariadb_queue) == 5_000
    with mariadb_queue.engine.begin() as connection:
        connection.execute(text("DELETE FROM failed_jobs WHERE id % 10 = 0"))
    assert scan_all(mariadb_queue, 2_000) == (0, 500)
    assert monotonic() - began < 40
    # Passes do not read the failures from before the first start again.
    with mariadb_queue.engine.begin() as connection:
        assert position(connection, "settled") == 5_000


def test_the_settled_cursor_excludes_old_failures_from_the_next_pass(queue: TestQueue) -> None:
    index(queue)
    queue.fail(10)
    index(queue)
    index(queue, LATER)
    with queue.engine.begin() as connection:
        assert position(connection, "settled") == 10
        # Only the scan finds rows that the pass no longer reads.
        connection.execute(update(tables.failures).values(failed_id=11))
        assert (
            connection.execute(select(func.count()).select_from(tables.failures)).scalar_one() == 1
        )
    assert index(queue, LATER) == 0


def settled_mark(queue: TestQueue) -> int:
    with queue.engine.begin() as connection:
        return position(connection, "settled")


def test_a_late_retry_of_the_newest_failure_does_not_make_each_pass_a_full_scan(
    queue: TestQueue,
) -> None:
    index(queue)
    for failed_id in (10, 20, 30):
        queue.fail(failed_id)
    index(queue)
    index(queue, LATER)
    assert settled_mark(queue) == 30
    remove(queue, 30)
    for minutes in (12, 13, 14):
        assert index(queue, NOW + timedelta(minutes=minutes)) == 0
        assert settled_mark(queue) == 20
    queue.fail(31)
    assert index(queue, NOW + timedelta(minutes=15)) == 1
    # 30 was indexed long ago, even if it is removed now: no pass needs to read below it again.
    assert settled_mark(queue) == 30
    assert index(queue, NOW + timedelta(minutes=26)) == 0
    assert settled_mark(queue) == 31


def test_ids_that_restart_in_an_empty_table_are_found_at_once(queue: TestQueue) -> None:
    index(queue)
    for order in range(5):
        queue.fail(order=order)
    index(queue)
    index(queue, LATER)
    truncate(queue)
    assert index(queue, LATER) == 0
    # The old ids that are still in the index do not hide the new ones.
    assert [queue.fail(order=order, failed_at=LATER) for order in (7, 8)] == [1, 2]
    assert index(queue, LATER) == 2
    assert settled_mark(queue) == 0
    assert index(queue, LATER + timedelta(minutes=11)) == 0
    assert settled_mark(queue) == 2


def test_failures_of_an_emptied_table_are_marked_as_removed_in_limited_steps(
    queue: TestQueue,
) -> None:
    for _ in range(7):
        queue.fail()
    index(queue)
    truncate(queue)
    removed = [step(queue, partial(index_scan.scan, rows=3)).removed for _ in range(4)]
    assert removed == [3, 3, 1, 0]
    assert ids(queue) == []
    assert broken(queue) == []
