"""Rows from random databases that caused a traceback or hid other rows.

`tests/random_databases` generates such databases; each fault that it found has a test here.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.database.transactions import reading
from bot.models.refusals import QueueNotFound, RowRefused
from bot.queue import reads
from bot.store.reports.health import health
from bot.wall_clock import utc_of_unix
from tests.kit.changed_rows import fitted_to, rows, run, unchanged, undo_restores
from tests.kit.clock import Clock
from tests.kit.failure_index import live
from tests.kit.odd_rows import NOW, TABLES, check_metrics, read
from tests.kit.own_database import own_mariadb_queue
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, hold, make_setup
from tests.services.programs import is_mysql

__all__ = ["own_mariadb_queue"]


@pytest.mark.parametrize(
    "value", ["available_at = 4611686018427387904", "created_at = 4611686018427387904"]
)
def test_times_of_two_types_and_outside_the_calendar_are_counted(
    mariadb_queue: TestQueue, value: str
) -> None:
    """The minimum of an INT and a BIGINT UNSIGNED is a decimal."""
    run(
        mariadb_queue,
        "ALTER TABLE jobs MODIFY available_at BIGINT UNSIGNED, MODIFY created_at BIGINT",
    )
    mariadb_queue.push(1)
    mariadb_queue.push(2)
    run(mariadb_queue, f"UPDATE jobs SET {value} WHERE id = 2")
    check_metrics(mariadb_queue)
    read(mariadb_queue, "status")
    read(mariadb_queue, "stuck")


def test_times_beyond_the_calendar_are_limited_to_its_first_and_last_year() -> None:
    assert utc_of_unix(2**62).year == 9999
    assert utc_of_unix(-(2**62)).year == 1
    assert utc_of_unix(0).year == 1970


def test_the_oldest_job_can_have_no_available_at(
    mariadb_queue: TestQueue,
) -> None:
    run(mariadb_queue, "ALTER TABLE jobs MODIFY available_at INT NULL")
    mariadb_queue.push(1)
    run(mariadb_queue, "UPDATE jobs SET available_at = NULL")
    status = read(mariadb_queue, "status").result
    assert status is not None
    assert status.model_dump()["data"]["oldest_pending_job"]["available_at"] is None


def test_a_job_with_an_id_beyond_the_number_range_of_a_sample_is_counted(
    mariadb_queue: TestQueue,
) -> None:
    run(mariadb_queue, "ALTER TABLE jobs MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT")
    mariadb_queue.push(2**63 + 5)
    check_metrics(mariadb_queue)


def test_a_row_without_a_queue_is_shown_and_not_changed(mariadb_queue: TestQueue) -> None:
    for table in ("jobs", "failed_jobs"):
        run(mariadb_queue, f"ALTER TABLE {table} MODIFY queue VARCHAR(191) NULL")
    mariadb_queue.fail(1)
    mariadb_queue.push(9)
    run(mariadb_queue, "UPDATE failed_jobs SET queue = NULL", "UPDATE jobs SET queue = NULL")
    for words in ("failed", "jobs", "status", "failed-job 1", "job 9", "errors"):
        read(mariadb_queue, words)
    check_metrics(mariadb_queue)
    for words in ("retry 1", "delete-failed 1"):
        unchanged(mariadb_queue, words, RowRefused, "queue")
    before = rows(mariadb_queue, "jobs")
    refusal = ask(make_setup(mariadb_queue), "delete 9").refusal
    assert isinstance(refusal, RowRefused)
    assert rows(mariadb_queue, "jobs") == before


def test_a_failure_without_a_payload_can_be_retried_and_restored(mariadb_queue: TestQueue) -> None:
    for table in ("jobs", "failed_jobs"):
        run(mariadb_queue, f"ALTER TABLE {table} MODIFY payload LONGTEXT NULL")
    mariadb_queue.fail(1)
    run(mariadb_queue, "UPDATE failed_jobs SET payload = NULL")
    undo_restores(mariadb_queue, "retry 1")
    undo_restores(mariadb_queue, "delete-failed 1")


@pytest.mark.parametrize("charset", ["latin1", "cp1251", "utf8mb3", "ascii"])
def test_a_queue_name_that_the_tables_cannot_store_has_no_jobs(
    mariadb_queue: TestQueue, charset: str
) -> None:
    """The server raises error 1267 if it compares a column with such a character."""
    queue = mariadb_queue
    run(queue, *(f"ALTER TABLE {name} CONVERT TO CHARACTER SET {charset}" for name in TABLES))
    queue.push(1, queue="mail", body="{}")
    queue.fail(2, queue="mail", body="{}")
    queue = replace(queue, queue=fitted_to(queue))
    for name, count in (("cart🛒", 0), ("correo-ñ-Ж", 0), ("mail", 1)):
        with reading(queue.engine) as connection:
            assert reads.jobs(connection, queue.queue, NOW, name=name)[0].count == count
            assert reads.failed(connection, queue.queue, name=name)[0].count == count
        for words in (f"jobs queue={name}", f"failed queue={name}", f"retry queue={name}"):
            assert isinstance(ask(make_setup(queue), words).refusal, QueueNotFound) is (count == 0)


@pytest.mark.skipif(is_mysql(), reason="MySQL stores no such bytes")
def test_a_row_with_bytes_outside_of_the_character_set_is_not_changed(
    mariadb_queue: TestQueue,
) -> None:
    """A lenient session stores such bytes, and the archive could not hold them."""
    run(
        mariadb_queue,
        "ALTER TABLE failed_jobs MODIFY exception LONGTEXT CHARACTER SET ascii NOT NULL",
    )
    mariadb_queue.fail(1)
    mariadb_queue.fail(2)
    with mariadb_queue.engine.begin() as connection:
        connection.execute(text("SET SESSION sql_mode = ''"))
        connection.execute(text("UPDATE failed_jobs SET exception = X'C3A9' WHERE id = 1"))
        connection.execute(text("SET SESSION sql_mode = 'STRICT_ALL_TABLES'"))
    mariadb_queue.engine.dispose()
    for words in ("retry 1", "delete-failed 1"):
        unchanged(mariadb_queue, words, RowRefused, "exception")
    undo_restores(mariadb_queue, "retry 2")


@pytest.mark.parametrize("value", ["NULL", "'0000-00-00 00:00:00'"])
def test_a_waiting_failure_without_a_time_is_no_problem_until_the_index_passes_it(
    mariadb_queue: TestQueue, value: str
) -> None:
    """The health check of the index failed, and health reported nothing else about the failures."""
    queue = mariadb_queue
    run(queue, "ALTER TABLE failed_jobs MODIFY failed_at DATETIME NULL")
    setup = make_setup(queue, clock=Clock())
    watch(setup, hold(setup))
    with queue.engine.begin() as connection:
        now = setup.clock(connection)

    def lags(*, minutes: int) -> list[tuple[str, int | None]]:
        with reading(queue.engine) as connection:
            state = health(connection, queue.queue, now + timedelta(minutes=minutes))
        return [(one.code, one.row) for one in state.problems if one.part == "failures"]

    queue.fail(1)
    run(queue, f"UPDATE failed_jobs SET failed_at = {value}")
    assert lags(minutes=0) == []
    watch(setup, hold(setup))
    assert sorted(live(queue)) != []
    queue.fail(5, failed_at=now)
    watch(setup, hold(setup))
    run(queue, "INSERT INTO failed_jobs (id, queue, payload, exception) VALUES (3, 'a', '', '')")
    assert lags(minutes=0) == []
    assert lags(minutes=2) == [("index-lag", 3)]


# ---- SQLite: a column holds any kind of value
