"""The index contains each failure once, in commit order, whatever the order of ids."""

import threading
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from uuid import uuid4

import pytest
from sqlalchemy import Connection, func, insert, select, text, update

from bot.database.transactions import changing
from bot.fingerprint.error_group import short_error
from bot.queue.layouts import failed_digest
from bot.store import tables
from bot.store.cursors import position
from bot.store.failures import error_groups
from bot.store.failures import index as failures
from tests.kit.concurrency import at_once, before_statement, lock_waits, until
from tests.kit.failure_index import LATER, NOW, ids, index, live, remove, scan_all, seed_many, step
from tests.kit.invariants import broken
from tests.kit.queues import GONE_AWAY, TestQueue, payload
from tests.services.mariadb import MariaDB


def test_failures_before_the_first_start_are_indexed_without_an_alert(queue: TestQueue) -> None:
    for failed_id in (3, 5, 8):
        queue.fail(failed_id)
    for expected in ([3, 5], [3, 5, 8]):
        step(queue, partial(failures.index_new, rows=2))
        assert ids(queue) == expected
    queue.fail(9)
    index(queue)
    assert live(queue) == [(3, 0), (5, 0), (8, 0), (9, None)]


def test_the_backfill_moves_the_settled_cursor_past_old_failures_only(queue: TestQueue) -> None:
    """Otherwise each pass would read the whole backlog again for ten minutes."""
    minutes = (300, 11, 9, 200, 1)
    for failed_id, ago in enumerate(minutes, start=1):
        queue.fail(failed_id, failed_at=NOW - timedelta(minutes=ago))
    index(queue)
    with queue.engine.begin() as connection:
        assert position(connection, "settled") == 2


def test_an_empty_queue_has_no_backfill(queue: TestQueue) -> None:
    assert index(queue) == 0
    queue.fail(1)
    assert index(queue) == 1
    assert live(queue) == [(1, None)]


def test_an_indexed_failure_is_not_added_again(queue: TestQueue) -> None:
    queue.fail(1)
    assert [index(queue), index(queue), index(queue, LATER), index(queue, LATER)] == [1, 0, 0, 0]


def test_an_indexed_failure_has_the_values_of_its_payload_and_exception(queue: TestQueue) -> None:
    queue.fail(45, order=803193)
    index(queue)
    (row,) = queue.rows(tables.failures)
    assert (row.queue, row.order_id, row.tienda_id) == ("netsuite", "803193", "12097")
    assert row.job_class == "App\\Jobs\\NetsuiteSyncJob"
    assert row.error == short_error(GONE_AWAY)
    assert row.bytes >= len(payload()) + len(GONE_AWAY)
    assert (row.seen_at, row.removed_at) == (NOW, None)


def test_a_failure_that_commits_late_with_a_lower_id_is_found(mariadb_queue: TestQueue) -> None:
    index(mariadb_queue)
    row = {
        "queue": "late",
        "payload": "{}",
        "exception": "E",
        "failed_at": NOW,
    }
    with mariadb_queue.engine.connect() as connection, connection.begin() as transaction:
        late = connection.execute(insert(mariadb_queue.queue.failed).values(row)).lastrowid
        early = mariadb_queue.fail()
        assert late < early
        index(mariadb_queue)
        assert ids(mariadb_queue) == [early]
        transaction.commit()
    assert index(mariadb_queue) == 1
    assert ids(mariadb_queue) == [early, late]


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


def test_an_indexed_row_has_the_digest_that_the_server_computes(queue: TestQueue) -> None:
    queue.fail(7)
    index(queue)
    with queue.engine.begin() as connection:
        there = connection.execute(select(failed_digest(queue.queue.failed))).scalar_one()
    assert [row.row_digest for row in queue.rows(tables.failures)] == [there]


def test_of_two_concurrent_passes_the_second_waits_and_adds_no_failure(
    mariadb_queue: TestQueue,
) -> None:
    index(mariadb_queue)
    for _ in range(50):
        mariadb_queue.fail()
    started = threading.Event()

    def first() -> int:
        def work(connection: Connection) -> int:
            added = failures.index_new(connection, mariadb_queue.queue, NOW).added
            started.set()
            until(lambda: lock_waits(mariadb_queue.engine))
            return added

        return changing(mariadb_queue.engine, monotonic() + 40, work)

    def second() -> int:
        assert started.wait(20)
        return step(mariadb_queue, failures.index_new).added

    assert at_once(first, second) == [50, 0]
    assert ids(mariadb_queue) == list(range(1, 51))


def test_seq_follows_the_order_of_commits_with_many_concurrent_passes(
    mariadb_queue: TestQueue,
) -> None:
    """While workers fail jobs and four passes run, no lower `seq` appears after a higher one."""
    index(mariadb_queue)
    done = threading.Event()
    seen: list[int] = []
    late: list[int] = []

    def fail() -> None:
        for _ in range(40):
            mariadb_queue.fail()

    def watch() -> None:
        while not done.is_set():
            with mariadb_queue.engine.begin() as connection:
                now = set(connection.execute(select(tables.failures.c.seq)).scalars())
            highest = max(seen, default=0)
            late.extend(seq for seq in now - set(seen) if seq < highest)
            seen[:] = sorted(now)

    def passes() -> None:
        for _ in range(15):
            step(mariadb_queue, partial(failures.index_new, rows=7))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        at_once(fail, fail, passes, passes, passes, passes, seconds=40)
    finally:
        done.set()
        watching.join(20)
    index(mariadb_queue)
    assert late == []
    assert sorted(ids(mariadb_queue)) == list(range(1, 81))


def test_a_scope_waits_for_the_index_only_for_a_limited_number_of_passes(queue: TestQueue) -> None:
    for _ in range(5):
        queue.fail()

    def catch_up(passes: int) -> bool:
        return changing(
            queue.engine,
            monotonic() + 20,
            lambda connection: failures.catch_up(connection, queue.queue, NOW, passes),
        )

    assert catch_up(1) is True  # the backfill has ended; only newer failures might be missing
    assert catch_up(20) is True
    assert len(ids(queue)) == 5


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


def group_of(queue: TestQueue, error_group: int) -> str:
    with queue.engine.begin() as connection:
        return error_groups.names_of(connection, [error_group])[error_group]


def test_failures_of_an_emptied_table_are_marked_as_removed_in_limited_steps(
    queue: TestQueue,
) -> None:
    for _ in range(7):
        queue.fail()
    index(queue)
    truncate(queue)
    removed = [step(queue, partial(failures.scan, rows=3)).removed for _ in range(4)]
    assert removed == [3, 3, 1, 0]
    assert ids(queue) == []
    assert broken(queue) == []


def widen(queue: TestQueue, change: str) -> None:
    with queue.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE failed_jobs {change}"))


def test_one_odd_row_does_not_hide_the_failures_around_it(mariadb_queue: TestQueue) -> None:
    index(mariadb_queue)
    widen(mariadb_queue, "MODIFY queue TEXT NOT NULL")
    try:
        mariadb_queue.fail(1)
        mariadb_queue.fail(2, queue="long " * 100)
        mariadb_queue.fail(3)
        assert index(mariadb_queue) == 3
        assert index(mariadb_queue) == 0
        assert ids(mariadb_queue) == [1, 2, 3]
        odd = mariadb_queue.rows(tables.failures)[1]
        assert (odd.queue, odd.error) == (("long " * 100)[:255], "unreadable")
        assert group_of(mariadb_queue, odd.error_group) == "unreadable"
        assert broken(mariadb_queue) == []
    finally:
        remove(mariadb_queue, 2)
        widen(mariadb_queue, "MODIFY queue VARCHAR(191) NOT NULL")


def test_a_queue_name_of_255_characters_is_stored_completely(mariadb_queue: TestQueue) -> None:
    index(mariadb_queue)
    widen(mariadb_queue, "MODIFY queue VARCHAR(255) NOT NULL")
    try:
        mariadb_queue.fail(1, queue="q" * 255)
        index(mariadb_queue)
        (row,) = mariadb_queue.rows(tables.failures)
        assert (row.queue, row.error) == ("q" * 255, short_error(GONE_AWAY))
    finally:
        remove(mariadb_queue, 1)
        widen(mariadb_queue, "MODIFY queue VARCHAR(191) NOT NULL")


def test_a_payload_that_is_larger_than_the_server_s_packets_has_a_digest(
    mariadb_queue: TestQueue, mariadb_server: MariaDB
) -> None:
    index(mariadb_queue)
    mariadb_queue.fail(1, body="x" * 3_000_000)
    mariadb_queue.fail(2)
    try:
        mariadb_server.execute("SET GLOBAL max_allowed_packet = 1048576")
        mariadb_queue.engine.dispose()
        assert index(mariadb_queue) == 2
        assert len({row.row_digest for row in mariadb_queue.rows(tables.failures)} - {None}) == 2
    finally:
        mariadb_server.execute("SET GLOBAL max_allowed_packet = 16777216")
        mariadb_queue.engine.dispose()


@pytest.mark.parametrize(
    ("kind", "failed_at"),
    [
        ("DATETIME(6) NOT NULL", "'2025-11-07 17:45:59.987654'"),
        ("TIMESTAMP(3) NOT NULL", "'2025-11-07 17:45:59.987'"),
        ("DATETIME NULL", "NULL"),
    ],
)
def test_a_failed_at_that_its_column_changes_is_indexed_only_once(
    mariadb_queue: TestQueue, kind: str, failed_at: str
) -> None:
    index(mariadb_queue)
    widen(mariadb_queue, f"MODIFY failed_at {kind}")
    try:
        mariadb_queue.fail(1)
        with mariadb_queue.engine.begin() as connection:
            connection.execute(text(f"UPDATE failed_jobs SET failed_at = {failed_at}"))
        assert [index(mariadb_queue) for _ in range(3)] == [1, 0, 0]
        assert scan_all(mariadb_queue, 20_000) == (0, 0)
    finally:
        remove(mariadb_queue, 1)
        widen(mariadb_queue, "MODIFY failed_at DATETIME NOT NULL")


def test_a_payload_with_half_a_surrogate_pair_is_indexed_without_that_half(
    queue: TestQueue,
) -> None:
    index(queue)
    queue.fail(1, body='{"job": "A\\ud800", "data": {"order_id": "x\\ud800"}}')
    queue.fail(2)
    assert index(queue) == 2
    assert ids(queue) == [1, 2]


def test_a_failure_removed_during_its_indexing_is_marked_as_removed(
    mariadb_queue: TestQueue,
) -> None:
    queue = mariadb_queue
    index(queue)
    failed_id = queue.fail()
    with before_statement(
        queue.engine, "INSERT INTO queue_bot_failures", lambda: remove(queue, failed_id)
    ):
        index(queue)
    assert ids(queue) == []
    assert queue.count(tables.failures) == 1


def test_texts_that_are_slow_to_parse_shorten_a_pass_and_no_failure_is_skipped(
    queue: TestQueue,
) -> None:
    index(queue)
    last = queue.fail()
    rows = 100
    row = {"queue": "mail", "payload": "{}", "failed_at": datetime(2025, 11, 7, 10)}  # noqa: DTZ001 wall clock
    # Very long words, each different, so that no cached result helps with another.
    texts = [f"broke {uuid4()}" + "aGVsbG8gd29ybGQ9" * 200 for _ in range(rows)]
    with queue.engine.begin() as connection:
        connection.execute(queue.queue.failed.insert(), [{**row, "exception": x} for x in texts])

    first = step(queue, failures.index_new)

    assert 1 <= first.added < rows
    assert first.more
    assert first.added + index(queue) == rows + 1
    assert len(ids(queue)) == len(set(ids(queue))) == rows + 1
    assert last in ids(queue)


def test_the_backfill_continues_where_its_time_limit_ended_it(queue: TestQueue) -> None:
    for _ in range(60):
        queue.fail(exception=f"broke {uuid4()}" + "bm8gYmxhbmtzIGhlcmU9" * 200)
    assert index(queue) == 60
    assert len(set(ids(queue))) == 60
