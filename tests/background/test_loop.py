"""The watcher's threads survive every error in them."""

import threading
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.background import loop
from bot.background.loop import INTERVAL, Watcher
from bot.database.engine import connect
from bot.database.transactions import now_of
from bot.localslack.server import LocalSlack
from bot.store import tables
from tests.kit.concurrency import until
from tests.kit.posting import SECONDS, WATCHING, Refusing, poster_of, running_watcher
from tests.kit.queues import TestQueue
from tests.kit.replicas import AUDIT, ask, make_setup


class Broken:
    """The database's clock, which raises the first time that a thread of this name reads it."""

    def __init__(self, thread: str) -> None:
        self._thread = thread
        self.broke = threading.Event()

    def __call__(self, connection: Connection) -> datetime:
        """Return the time in naive UTC."""
        if threading.current_thread().name == self._thread and not self.broke.is_set():
            self.broke.set()
            raise RuntimeError("a clock that broke")
        return now_of(connection)


class HeldAtItsSample:
    """The database's clock; it blocks the sampling thread until the watcher's others have ended.

    `left` are the watcher's threads that still run when `stop`, in the test's thread, releases the
    lease.
    """

    def __init__(self) -> None:
        self.sampling, self.go_on = threading.Event(), threading.Event()
        self.left: list[str] | None = None
        self._test = threading.current_thread()

    def __call__(self, connection: Connection) -> datetime:
        """Return the time in naive UTC."""
        here = threading.current_thread()
        if here.name == "sample" and not self.go_on.is_set():
            self.sampling.set()
            self.go_on.wait(SECONDS)
        elif here is self._test:
            self.left = [name for name in WATCHING if name in names()]
        return now_of(connection)


def names() -> set[str]:
    """Return the names of the running threads."""
    return {thread.name for thread in threading.enumerate()}


def test_a_stop_waits_for_the_sampling_thread_too(queue: TestQueue) -> None:
    clock = HeldAtItsSample()

    def let_it_go_on() -> None:
        until(lambda: not names() & {"watch", "bulk"})
        clock.go_on.set()

    with running_watcher(make_setup(queue, clock=clock)):
        until(clock.sampling.is_set)
        releasing = threading.Thread(target=let_it_go_on)
        releasing.start()
    releasing.join(SECONDS)
    assert clock.left == []


def test_sampling_continues_after_an_error(queue: TestQueue) -> None:
    clock = Broken("sample")
    with running_watcher(make_setup(queue, clock=clock)):
        until(clock.broke.is_set)
        until(lambda: queue.count(tables.samples))


def test_audit_records_are_sealed_although_jobs_cannot_be_tracked(queue: TestQueue) -> None:
    setup = make_setup(queue)
    queue.fail(45)
    ask(setup, "delete-failed 45")
    with queue.engine.begin() as connection:
        tables.tracked_jobs.drop(connection)
    try:
        with running_watcher(setup):
            until(lambda: queue.count(tables.audit_chain) == 1)
    finally:
        # Later tests use the same database.
        with queue.engine.begin() as connection:
            tables.tracked_jobs.create(connection)


def test_messages_are_delivered_although_alerts_cannot_be_refreshed(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup = make_setup(queue)
    queue.fail(45)
    ask(setup, "delete-failed 45")
    with queue.engine.begin() as connection:
        tables.incident_deltas.drop(connection)
    try:
        with running_watcher(setup, poster_of(slack)):
            until(lambda: slack.messages(AUDIT))
    finally:
        # Later tests use the same database.
        with queue.engine.begin() as connection:
            tables.incident_deltas.create(connection)


def test_a_lease_is_renewed_by_one_committed_statement(
    mariadb_queue: TestQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "RENEW_EVERY", 0.0)
    polling = connect(mariadb_queue.url, pool=1, autocommit=True)
    try:
        watcher = Watcher(make_setup(mariadb_queue), Refusing(), INTERVAL, polling)
        watcher.tick()
        before = leases_of(mariadb_queue)
        watcher.tick()
        after = leases_of(mariadb_queue)
    finally:
        polling.dispose()
    assert after.expires > before.expires
    assert after.epoch == before.epoch


def leases_of(queue: TestQueue) -> Any:
    """Return the row of the watcher's lease."""
    return next(row for row in queue.rows(tables.leases) if row.name == "watcher")
