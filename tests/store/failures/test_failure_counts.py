"""Failure counts are exact at every moment, aggregated or not, whoever removes failures."""

import threading
from collections import Counter
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Connection, delete, event, select

from bot.database.transactions import LostRace, changing
from bot.store import tables
from bot.store.failures import aggregation, error_groups, failure_counts, removal
from bot.store.failures import index as failures
from bot.store.failures.failure_counts import bucket, hour_of
from tests.kit.concurrency import at_once
from tests.kit.failure_index import LATER, NOW, index, remove, scan_all
from tests.kit.invariants import broken
from tests.kit.queues import TestQueue

TIMEOUT = "RuntimeException: cURL error 28: Operation timed out for https://api.example.com/orders"
MISSING = "ErrorException: Undefined array key 'sku' in order 803193"


def counted(queue: TestQueue) -> Counter[tuple[str, int]]:
    """Return the number of failures by queue and hour, from the counts."""
    there: Counter[tuple[str, int]] = Counter()
    for row in rows(queue):
        there[row.queue, row.hour] += row.appeared - row.removed
    return +there


def rows(queue: TestQueue) -> list[Any]:
    """Return the counts by hour, without the aggregated sums."""
    return [
        row for row in queue.rows(tables.failure_counts) if row.hour != failure_counts.ALL_HOURS
    ]


def change(queue: TestQueue, work: object, now: datetime = NOW) -> int:
    """Run one step of the maintenance in its own transaction."""
    assert callable(work)
    return int(changing(queue.engine, monotonic() + 40, lambda c: work(c, now)))


def test_equal_errors_share_an_error_group_and_different_errors_do_not(queue: TestQueue) -> None:
    for exception in (TIMEOUT, MISSING, TIMEOUT):
        queue.fail(exception=exception)
    index(queue)
    first, second, third = (row.error_group for row in queue.rows(tables.failures))
    assert first == third != second
    assert len(queue.rows(tables.error_groups)) == 2


def test_a_rolled_back_pass_leaves_no_error_group_that_a_later_pass_would_use(
    queue: TestQueue,
) -> None:
    index(queue)
    queue.fail(exception=TIMEOUT)
    with queue.engine.connect() as raw:
        connection = raw.execution_options(changes=True)
        transaction = connection.begin()
        assert failures.index_new(connection, queue.queue, NOW).added == 1
        transaction.rollback()
    assert (queue.count(tables.error_groups), queue.count(tables.failure_counts)) == (0, 0)
    index(queue)
    assert broken(queue) == []
    assert queue.count(tables.error_groups) == 1


def test_failures_are_counted_under_the_hour_in_which_they_failed(queue: TestQueue) -> None:
    for minutes in (1, 2, 61):
        queue.fail(failed_at=NOW - timedelta(minutes=minutes))
    index(queue)
    hour = hour_of(NOW)
    assert counted(queue) == {("netsuite", hour): 2, ("netsuite", hour - 1): 1}


def test_removed_failures_are_subtracted_from_the_hour_of_their_count(queue: TestQueue) -> None:
    hours = (0, 30, 60, 24 * 5, 24 * 100)
    removed = [queue.fail(failed_at=NOW - timedelta(hours=hours_ago)) for hours_ago in hours]
    queue.fail(queue="mail", failed_at=NOW)
    index(queue)
    remove(queue, *removed)
    assert scan_all(queue, 100) == (0, 5)
    assert counted(queue) == {("mail", hour_of(NOW)): 1}
    assert broken(queue) == []


def test_queues_whose_names_differ_by_blanks_are_counted_apart(queue: TestQueue) -> None:
    ids = [queue.fail(queue=name) for name in ("mail", "mail ", "mail ")]
    index(queue)
    remove(queue, *ids[1:])
    scan_all(queue, 100)
    assert broken(queue) == []
    assert {name for name, _ in counted(queue)} == {"mail"}


def test_aggregation_changes_no_sum_and_leaves_one_row_per_key(queue: TestQueue) -> None:
    for number in range(12):
        queue.fail(
            queue=("mail", "stock")[number % 2],
            exception=(TIMEOUT, MISSING)[number // 6],
            failed_at=NOW - timedelta(hours=number % 3),
        )
        index(queue)
    remove(queue, 1, 2, 3)
    scan_all(queue, 100)
    before = counted(queue)
    assert change(queue, lambda c, now: aggregation.aggregate(c, now, 5)) == 5
    assert counted(queue) == before
    while change(queue, lambda c, now: aggregation.aggregate(c, now, 5)):
        pass
    assert counted(queue) == before
    assert len(rows(queue)) == 12
    index(queue)
    queue.fail(queue="mail", exception=TIMEOUT, failed_at=NOW)
    index(queue)
    change(queue, aggregation.aggregate)
    assert (len(rows(queue)), queue.count(tables.failure_counts), broken(queue)) == (12, 16, [])


def test_aggregation_keeps_the_first_and_last_failure(queue: TestQueue) -> None:
    for minutes in (40, 10, 25):
        queue.fail(failed_at=NOW - timedelta(minutes=minutes))
        index(queue)
    change(queue, aggregation.aggregate)
    every = queue.rows(tables.failure_counts)
    (aggregated,) = [row for row in every if row.hour == failure_counts.ALL_HOURS]
    assert aggregated.first_at == NOW - timedelta(minutes=40)
    assert aggregated.last_at == NOW - timedelta(minutes=10)


def test_old_hours_are_merged_into_days_and_then_into_one_row(queue: TestQueue) -> None:
    for hours in range(30):
        queue.fail(failed_at=NOW - timedelta(hours=hours))
    index(queue)
    change(queue, aggregation.aggregate)
    assert len(rows(queue)) == 30
    left = []
    for days in (1, 3, 30):
        change(queue, aggregation.merge_old_hours, NOW + timedelta(days=days))
        assert sum(counted(queue).values()) == 30
        left.append(len(rows(queue)))
    assert left[0] < 30
    assert left[1] <= 3
    assert left[2] == 1
    assert broken(queue) == []


@pytest.mark.parametrize("hours", [0, 5, 39, 41, 100, 200, 240, 1000])
def test_the_server_counts_removals_where_the_bot_counted_additions(
    queue: TestQueue, hours: int
) -> None:
    at = NOW - timedelta(hours=hours)
    queue.fail(failed_at=at)
    index(queue)
    with queue.engine.begin() as connection:
        locked = failure_counts.lock_and_count(
            connection, tables.failures.c.removed_at.is_(None), NOW, removal.BY_SEQ
        )
    assert [key.hour for key in locked.counts] == [bucket(hour_of(at), NOW)]


def test_an_error_group_is_deleted_only_after_its_last_failure_was_purged(queue: TestQueue) -> None:
    queue.fail(1, exception=TIMEOUT)
    queue.fail(2, exception=MISSING)
    index(queue)
    remove(queue, 1)
    scan_all(queue, 100)
    much_later = NOW + timedelta(days=60)
    change(queue, aggregation.aggregate, much_later)
    assert change(queue, lambda c, _: aggregation.delete_unused_groups(c)) == 0
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.failures).where(tables.failures.c.failed_id == 1))
    assert change(queue, lambda c, _: aggregation.delete_unused_groups(c)) == 1
    assert len(queue.rows(tables.error_groups)) == len(rows(queue)) == 1
    queue.fail(3, exception=TIMEOUT)
    index(queue, LATER)
    assert broken(queue) == []


def test_concurrent_removals_of_the_same_failures_are_counted_once(
    mariadb_queue: TestQueue,
) -> None:
    for _ in range(20):
        mariadb_queue.fail()
    index(mariadb_queue)
    together = threading.Barrier(2)

    def remove_all() -> int:
        met: list[int] = []

        def work(connection: Connection) -> int:
            here = tables.failures.c.removed_at.is_(None)
            if not met:  # a repeated transaction must not wait for the other one
                met.append(together.wait(timeout=20))
            return removal.mark_removed(connection, here, NOW)

        return changing(mariadb_queue.engine, monotonic() + 40, work)

    assert sorted(at_once(remove_all, remove_all)) == [0, 20]
    assert broken(mariadb_queue) == []


def test_a_failure_indexed_between_count_and_update_aborts_the_removal(
    mariadb_queue: TestQueue,
) -> None:
    """Otherwise the count of the earlier failures would stay one too low."""
    mariadb_queue.fail()
    index(mariadb_queue)
    came: list[int] = []

    def come_between(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("UPDATE queue_bot_failures") and not came:
            came.append(mariadb_queue.fail())
            index(mariadb_queue)

    with mariadb_queue.engine.connect() as raw:
        connection = raw.execution_options(changes=True)
        with connection.begin() as transaction:
            event.listen(connection, "before_cursor_execute", come_between)
            with pytest.raises(LostRace):
                removal.mark_removed(connection, tables.failures.c.removed_at.is_(None), NOW)
            transaction.rollback()
    assert came
    assert broken(mariadb_queue) == []


def test_a_pass_for_new_failures_does_not_wait_for_locked_failures(
    mariadb_queue: TestQueue,
) -> None:
    mariadb_queue.fail()
    index(mariadb_queue)
    with mariadb_queue.engine.begin() as connection:
        connection.execute(select(tables.failures.c.seq).with_for_update()).all()
        # With so many ids, the server would scan the table's only row instead of using the index.
        for _ in range(40):
            mariadb_queue.fail()
        assert index(mariadb_queue) == 40


def test_names_of_error_groups_are_found_by_id(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        ids = error_groups.find_or_make(connection, ["a", "b"])
        assert error_groups.find_or_make(connection, ["b", "c"])["b"] == ids["b"]
        assert error_groups.names_of(connection, [ids["a"], 10**9]) == {ids["a"]: "a"}
        assert connection.execute(select(tables.error_groups.c.name)).scalars().all()
