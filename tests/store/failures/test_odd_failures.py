"""Failures with odd values are indexed once, and hide no other failure."""

import pytest
from sqlalchemy import text

from bot.fingerprint.error_group import short_error
from bot.store import tables
from bot.store.failures import error_groups
from tests.kit.failure_index import ids, index, remove, scan_all
from tests.kit.invariants import broken
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.services.mariadb import MariaDB

pytestmark = pytest.mark.each_database


def group_of(queue: TestQueue, error_group: int) -> str:
    with queue.engine.begin() as connection:
        return error_groups.names_of(connection, [error_group])[error_group]


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
