"""Odd values that only SQLite stores: they are shown, and no other row is hidden."""

from dataclasses import replace
from functools import partial
from itertools import islice

import pytest
from sqlalchemy import text

from bot.background.retries import track, track_bulk
from bot.database.transactions import reading
from bot.masking.keys import DEFAULT_MASKED_KEYS
from bot.masking.masker import mask_text
from bot.models.refusals import RowRefused, RowWouldChange
from bot.queue import index_probe
from bot.queue.stuck import stuck
from tests.kit.bulk import carried_out
from tests.kit.changed_rows import fitted_to, rows, run, unchanged, undo_restores
from tests.kit.clock import Clock
from tests.kit.failure_index import live
from tests.kit.invariants import broken
from tests.kit.odd_rows import NOW, TABLES, check_metrics, read
from tests.kit.own_database import own_sqlite_queue
from tests.kit.posting import watch
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import ask, hold, make_setup

__all__ = ["own_sqlite_queue"]


def allow_null(queue: TestQueue, table: str) -> None:
    """Make the table again with a queue that may be NULL, since SQLite cannot alter a column."""
    with queue.engine.begin() as connection:
        definition = connection.execute(
            text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table}
        ).scalar_one()
    nullable = definition.replace("queue VARCHAR(191) NOT NULL", "queue VARCHAR(191)")
    assert nullable != definition
    run(queue, f"DROP TABLE {table}", nullable)


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
