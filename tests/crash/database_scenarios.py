"""Scenarios on a database that differs from the spec's, as functions; see `scenarios`."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from bot.background.operations.runner import Runner
from bot.database.engine import connect
from bot.database.transactions import reading
from bot.store import tables
from bot.store.reports.health import health
from tests.crash.scenarios import Mutant
from tests.kit.broken_tables import without_column
from tests.kit.bulk import preview_of
from tests.kit.clock import Clock
from tests.kit.posting import watch
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import ask, codes, confirm, hold, make_setup


def _alter(queue: TestQueue, statement: str) -> None:
    with queue.engine.begin() as connection:
        connection.execute(text(statement))


def _contents(queue: TestQueue) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in (*queue.jobs, *queue.failed)]


def _is_refused(queue: TestQueue, mutant: Mutant, code: str) -> None:
    """A retry of failed job 1 over new connections is refused, and no row changes."""
    before = _contents(queue)
    with mutant():
        engine = connect(queue.url, grace=GRACE)
        try:
            outcome = ask(make_setup(queue, engine=engine), "retry 1")
        finally:
            engine.dispose()
    assert _contents(queue) == before
    assert codes([outcome]) == [code]


def a_time_that_the_column_cannot_store(queue: TestQueue, mutant: Mutant) -> None:
    """Only a strict session refuses this row, because the comparison reads the payload alone."""
    _alter(queue, "ALTER TABLE jobs MODIFY available_at SMALLINT NOT NULL")
    queue.fail(1)
    _is_refused(queue, mutant, "row-refused")


def a_payload_that_is_truncated_without_an_error(queue: TestQueue, mutant: Mutant) -> None:
    """MariaDB 10.11 keeps the length modulo 65,536 and raises nothing."""
    _alter(queue, "ALTER TABLE jobs MODIFY payload TEXT NOT NULL")
    queue.fail(1, body="x" * 70_021)
    _is_refused(queue, mutant, "row-too-long")


def a_trigger_that_rewrites_the_payload(queue: TestQueue, mutant: Mutant) -> None:
    """The trigger stores another payload, although the column could hold the original."""
    _alter(
        queue, "CREATE TRIGGER other BEFORE INSERT ON jobs FOR EACH ROW SET NEW.payload = 'other'"
    )
    queue.fail(1)
    _is_refused(queue, mutant, "row-would-change")


def one_row_of_a_batch_is_refused(queue: TestQueue, mutant: Mutant) -> None:
    """The other rows of the batch are retried, and the refused row is set aside."""
    _alter(queue, "ALTER TABLE jobs ADD CONSTRAINT small CHECK (CHAR_LENGTH(payload) < 300)")
    for failed_id in range(1, 8):
        queue.fail(failed_id, order=failed_id, body="x" * 300 if failed_id == 4 else None)
    setup = make_setup(queue)
    plan = preview_of(ask(setup, "retry-all")).plan
    assert confirm(setup, "retry-all", plan).refusal is None
    with mutant():
        runner = Runner(setup, 20, lanes=1, seconds=0)
        for _ in range(30):
            runner.run_once()
    assert [row.id for row in queue.failed] == [4]
    assert [row.failed_id for row in queue.rows(tables.set_aside)] == [4]


def _problems(queue: TestQueue, mutant: Mutant) -> list[tuple[str, str]]:
    """Return part and code of each problem of the part `failures`, three minutes later."""
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    watch(setup, hold(setup))
    with queue.engine.begin() as connection:
        queue.fail(1, failed_at=clock(connection))
    clock.by += timedelta(minutes=3)
    with mutant(), reading(queue.engine) as connection:
        state = health(connection, queue.queue, clock(connection))
    return [(one.part, one.code) for one in state.problems if one.part == "failures"]


def a_failure_is_not_indexed(queue: TestQueue, mutant: Mutant) -> None:
    """Health names the index lag."""
    assert _problems(queue, mutant) == [("failures", "index-lag")]


def a_check_cannot_read(queue: TestQueue, mutant: Mutant) -> None:
    """Health reports the part as unseen."""
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    watch(setup, hold(setup))
    queue.fail(1)
    unreadable = without_column(queue, "failed_jobs", "failed_at")
    with unreadable, mutant(), reading(queue.engine) as connection:
        state = health(connection, queue.queue, clock(connection))
    assert ("failures", "unseen") in [(one.part, one.code) for one in state.problems]
