"""A fault in the running background work turns the health red; its repair turns it green."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from bot.background.database_load import KEEP_EVERY
from bot.database.transactions import now_of
from bot.store import tables
from bot.store.reports.health import health
from tests.kit.broken_tables import without_column
from tests.kit.clock import Clock
from tests.kit.concurrency import until
from tests.kit.posting import running_watcher
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, make_setup

ENDED = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
LATER = 45.0
"""Seconds; longer than a lease, and than three periods of a step that runs every few seconds."""


class BrokenFor(Clock):
    """The database's clock, which raises `error` in threads of one name while `error` is set."""

    def __init__(self, thread: str) -> None:
        super().__init__()
        self._thread = thread
        self.error: BaseException | None = None

    def base(self, connection: Connection) -> datetime:
        """Return the database's time, or raise `error`."""
        if self.error is not None and threading.current_thread().name == self._thread:
            raise self.error
        return now_of(connection)


def problems(queue: TestQueue, ahead: float = LATER) -> set[tuple[str, str | None]]:
    """Return code and step of each problem of the health `ahead` seconds from now."""
    with queue.engine.begin() as connection:
        now = now_of(connection) + timedelta(seconds=ahead)
        return {(one.code, one.step) for one in health(connection, queue.queue, now).problems}


def fails(queue: TestQueue, step: str) -> bool:
    """Return whether the health, `LATER` seconds from now, reports that this step fails."""
    return ("step-failing", step) in problems(queue)


@pytest.mark.each_database
@pytest.mark.parametrize(
    ("table", "column", "step"),
    [
        ("failed_jobs", "exception", "index"),
        ("queue_bot_audit_chain", "prev", "seal"),
        ("queue_bot_outbox", "attempts", "deliver"),
    ],
)
def test_health_reports_a_column_that_is_dropped_while_the_bot_runs(
    queue: TestQueue, table: str, column: str, step: str
) -> None:
    setup = make_setup(queue)
    with running_watcher(setup):
        until(lambda: queue.count(tables.samples))
        with without_column(queue, table, column):
            # A step without work cannot fail.
            ask(setup, "freeze deploying")
            if table == "failed_jobs":
                add_failed_job(queue)
            until(lambda: fails(queue, step))
        until(lambda: not fails(queue, step))


def add_failed_job(queue: TestQueue) -> None:
    """Insert a failed job while `without_column` has renamed the column of its exception."""
    columns = "queue, payload, elsewhere, failed_at"
    with queue.engine.begin() as connection:
        connection.execute(
            text(f"INSERT INTO failed_jobs ({columns}) VALUES ('mail', '{{}}', '', '2026-01-01')")
        )


def test_health_reports_a_sampling_thread_that_always_fails(queue: TestQueue) -> None:
    clock = BrokenFor("sample")
    with running_watcher(make_setup(queue, clock=clock)):
        until(lambda: queue.count(tables.samples))
        clock.error = RuntimeError("counting broke")
        until(lambda: fails(queue, "sample"))
        clock.error = None
        until(lambda: not fails(queue, "sample"))


def is_running(name: str) -> bool:
    """Return whether a thread of this name runs."""
    return name in {thread.name for thread in threading.enumerate()}


@ENDED
def test_health_reports_that_the_sampling_thread_has_ended(queue: TestQueue) -> None:
    clock = BrokenFor("sample")
    with running_watcher(make_setup(queue, clock=clock)):
        until(lambda: queue.count(tables.samples))
        # Nothing catches this exception, so the thread ends without a report.
        clock.error = SystemExit()
        until(lambda: not is_running("sample"))
        assert ("sample-old", None) in problems(queue, 200)


@ENDED
def test_health_reports_that_the_monitoring_thread_has_ended(queue: TestQueue) -> None:
    clock = BrokenFor("watch")
    with running_watcher(make_setup(queue, clock=clock)):
        until(lambda: ("nobody", None) not in problems(queue, 0))
        clock.error = SystemExit()
        until(lambda: not is_running("watch"))
        assert ("nobody", None) in problems(queue, 15)


def test_the_time_of_the_last_round_gets_old_if_step_failures_cannot_be_written(
    mariadb_queue: TestQueue,
) -> None:
    queue = mariadb_queue

    def age() -> timedelta:
        (row,) = queue.rows(tables.watcher_load)
        with queue.engine.begin() as connection:
            now = now_of(connection)
        return now - (row.passed_at or now - timedelta(days=1))

    setup = make_setup(queue)
    with running_watcher(setup):
        until(lambda: age() < timedelta(seconds=5))
        with without_column(queue, "queue_bot_background_steps", "failures"):
            assert ("unseen", None) in problems(queue)
            with without_column(queue, "queue_bot_outbox", "attempts"):
                ask(setup, "freeze deploying")
                # Normally they are written every ten seconds; health is red if they are old.
                until(lambda: age() > timedelta(seconds=KEEP_EVERY + 2))
        until(lambda: not problems(queue, 0))
