"""Rows from random databases that caused a traceback or hid other rows.

`tests/random_databases` generates such databases; each fault that it found has a test here.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

import pytest
from sqlalchemy import text

from bot.app.responses import Outcome
from bot.background import metrics
from bot.background.incidents import probe
from bot.background.retries import track, track_bulk
from bot.database.transactions import reading
from bot.masking.keys import DEFAULT_MASKED_KEYS
from bot.masking.masker import mask_text
from bot.models.refusals import QueueNotFound, RowRefused, RowWouldChange
from bot.queue import index_probe, reads
from bot.queue.stuck import stuck
from bot.store import tables
from bot.store.reports.health import health
from bot.wall_clock import utc_of_unix
from tests.kit.bulk import carried_out
from tests.kit.changed_rows import fitted_to, rows, run, unchanged, undo_restores
from tests.kit.clock import Clock
from tests.kit.failure_index import live
from tests.kit.invariants import broken
from tests.kit.own_database import own_mariadb_queue, own_sqlite_queue
from tests.kit.posting import watch
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import ask, hold, make_setup
from tests.services.programs import is_mysql

__all__ = ["own_mariadb_queue", "own_sqlite_queue"]

TABLES = ("jobs", "failed_jobs")
NOW = datetime(2025, 11, 7, 19, 30, 0)  # noqa: DTZ001 naive UTC


def read(queue: TestQueue, words: str) -> Outcome:
    """Run a command and check that it is not refused."""
    outcome = ask(make_setup(queue), words)
    assert outcome.refusal is None, (words, outcome.refusal)
    return outcome


def allow_null(queue: TestQueue, table: str) -> None:
    """Make the table again with a queue that may be NULL, since SQLite cannot alter a column."""
    with queue.engine.begin() as connection:
        definition = connection.execute(
            text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table}
        ).scalar_one()
    nullable = definition.replace("queue VARCHAR(191) NOT NULL", "queue VARCHAR(191)")
    assert nullable != definition
    run(queue, f"DROP TABLE {table}", nullable)


def check_metrics(queue: TestQueue) -> None:
    """Run the background steps that read `jobs`, twice."""
    setup = make_setup(queue)
    lease = hold(setup)
    for _ in range(2):
        probe.probe_once(setup, lease)
        metrics.sample_once(setup, lease, indexed=True)
    assert queue.count(tables.samples) > 0


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


def test_a_failure_with_an_undecodable_text_does_not_hide_other_failures(
    sqlite_queue: TestQueue,
) -> None:
    queue = sqlite_queue
    queue.fail(1)
    queue.fail(2)
    run(queue, "UPDATE failed_jobs SET failed_at = CAST(X'FF' AS TEXT) WHERE id = 1")
    setup = make_setup(queue)
    for words in ("failed", "failed-job 1", "failed-job 2", "errors"):
        read(queue, words)
    watch(setup, hold(setup))
    assert sorted(id_ for id_, _ in live(queue)) == [1, 2]


@pytest.mark.parametrize(
    "values",
    [
        "exception = CAST(X'45FF3A' AS TEXT)",
        "exception = X'45FF3A'",
        "failed_at = 1762537376",
        "failed_at = 1.5, exception = 12",
    ],
)
def test_a_failure_with_an_odd_value_does_not_hide_other_failures(
    sqlite_queue: TestQueue, values: str
) -> None:
    """D3: no later failure was indexed or alerted, and health said nothing."""
    queue = sqlite_queue
    queue.fail(1)
    run(queue, f"UPDATE failed_jobs SET {values}")
    queue.fail(2)
    for words in ("failed", "failed-job 1", "failed-job 2", "errors"):
        read(queue, words)
    setup = make_setup(queue)
    watch(setup, hold(setup))
    assert sorted(id_ for id_, _ in live(queue)) == [1, 2]
    queue.fail(3)
    watch(setup, hold(setup))
    assert len(live(queue)) == 3
    undo_restores(queue, "delete-failed 1")
    undo_restores(queue, "retry 1 2")


@pytest.mark.parametrize("value", ["12", "1.1", "0.1 + 0.2", "'12'", "X'E9FF'", "NULL", "''"])
@pytest.mark.parametrize("kind", ["TEXT", "BLOB", "INTEGER", "DECIMAL(10,2)", ""])
def test_a_value_of_any_type_is_restored_with_its_type(
    sqlite_queue: TestQueue, kind: str, value: str
) -> None:
    queue = sqlite_queue
    run(queue, f"ALTER TABLE failed_jobs ADD COLUMN extra {kind}")
    queue.fail(1)
    run(queue, f"UPDATE failed_jobs SET extra = {value}")
    shown = (
        "SELECT typeof(extra) || hex(extra) || COALESCE(extra = " + value + ", '') FROM failed_jobs"
    )
    with queue.engine.begin() as connection:
        before = connection.execute(text(shown)).all()
    queue = replace(queue, queue=fitted_to(queue))
    undo_restores(queue, "delete-failed 1")
    with queue.engine.begin() as connection:
        assert connection.execute(text(shown)).all() == before


def test_a_number_column_with_a_text_is_counted_as_unknown(sqlite_queue: TestQueue) -> None:
    queue = sqlite_queue
    queue.push(1)
    queue.push(2)
    run(queue, "UPDATE jobs SET created_at = 'soon', available_at = 'soon' WHERE id = 1")
    for words in ("jobs", "job 1", "status", "stuck"):
        read(queue, words)
    check_metrics(queue)


@pytest.mark.parametrize("name", ["X'FF'", "X'6D61696C'", "X''", "NULL"])
def test_a_queue_name_of_bytes_is_shown_and_its_rows_are_not_changed(
    sqlite_queue: TestQueue, name: str
) -> None:
    """The checks of the queues failed, so no other queue had a sample or an incident."""
    queue = sqlite_queue
    for table in TABLES:
        allow_null(queue, table)
    for number in (1, 2):
        queue.fail(number, queue="mail", order=7)
        queue.push(number, queue="mail", order=7, reserved_at=1762537400)
    for table in TABLES:
        run(queue, f"UPDATE {table} SET queue = {name} WHERE id = 1")
    masked = replace(fitted_to(queue), mask=partial(mask_text, keys=DEFAULT_MASKED_KEYS))
    queue = replace(queue, queue=masked)
    setup = make_setup(queue, clock=Clock())
    watch(setup, hold(setup))
    assert sorted(id_ for id_, _ in live(queue)) == [1, 2]
    check_metrics(queue)
    for words in ("failed", "jobs", "errors", "stuck", "failed-job 1", "job 1", "find order=7"):
        read(queue, words)
    status = read(queue, "status").result
    assert status is not None
    counts = status.model_dump()["data"]["reserved_jobs"]
    assert sum(one["count"] for one in counts) == 2
    with reading(queue.engine) as connection:
        listed, _ = stuck(connection, queue.queue, NOW, 60, 50, seconds=-GRACE)
    assert [job.id for job in listed.jobs] == [2]

    for words in ("retry 1", "delete-failed 1"):
        unchanged(queue, words, RowRefused, "queue")
    before = rows(queue, "jobs")
    assert isinstance(ask(setup, "delete 1").refusal, RowRefused)
    assert rows(queue, "jobs") == before
    carried_out(setup, "retry-all")
    assert [row[0] for row in rows(queue, "failed_jobs")] == [1]
    track.track_once(setup, hold(setup))
    track_bulk.outcomes_once(setup, hold(setup))
    assert broken(queue) == []


def test_a_queue_name_that_is_no_text_does_not_hide_other_queues(sqlite_queue: TestQueue) -> None:
    """The search for the next name returned the same one until its time was over."""
    queue = sqlite_queue
    for number, name in enumerate(("a", "odd", "b"), 1):
        queue.push(number, queue=name)
    run(queue, "UPDATE jobs SET queue = CAST(X'61FF' AS TEXT) WHERE id = 2")
    with reading(queue.engine) as connection:
        names = list(islice(index_probe.names(connection, queue.queue), 9))
    assert names == ["a", "a\ufffd", "b"]
    check_metrics(queue)


def test_an_undo_is_refused_if_a_trigger_changes_bytes_to_a_text(sqlite_queue: TestQueue) -> None:
    """Bytes of a payload came back as a text of the same bytes."""
    queue = sqlite_queue
    queue.push(1)
    run(
        queue,
        "UPDATE jobs SET payload = X'E9'",
        "CREATE TRIGGER rewrite AFTER INSERT ON jobs BEGIN UPDATE jobs"
        " SET payload = REPLACE(payload, 'Sync', 'Send') WHERE id = NEW.id; END",
    )
    setup = make_setup(queue)
    assert ask(setup, "delete 1").refusal is None
    assert isinstance(ask(setup, "undo").refusal, RowWouldChange)
    assert rows(queue, "jobs") == []
