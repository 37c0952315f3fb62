"""The index contains each failure once, in commit order, whatever the order of ids."""

import threading
from datetime import datetime
from functools import partial
from time import monotonic
from uuid import uuid4

from sqlalchemy import Connection, insert, select

from bot.database.transactions import changing
from bot.fingerprint.error_group import short_error
from bot.queue.layouts import failed_digest
from bot.store import tables
from bot.store.failures import index as failures
from tests.kit.concurrency import at_once, before_statement, lock_waits, until
from tests.kit.failure_index import LATER, NOW, ids, index, live, remove, step
from tests.kit.queues import GONE_AWAY, TestQueue, payload


def test_failures_before_the_first_start_are_indexed_without_an_alert(queue: TestQueue) -> None:
    for failed_id in (3, 5, 8):
        queue.fail(failed_id)
    for expected in ([3, 5], [3, 5, 8]):
        step(queue, partial(failures.index_new, rows=2))
        assert ids(queue) == expected
    queue.fail(9)
    index(queue)
    assert live(queue) == [(3, 0), (5, 0), (8, 0), (9, None)]


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
    rows = 500
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
