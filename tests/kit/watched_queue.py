"""A queue that is checked by the test's own clock, with workers that the test simulates."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from bot.app.setup import Alerting, Setup
from bot.background.incidents import probe
from bot.database.transactions import changing
from bot.models.alert_rules import Reading
from bot.store.failures import index
from bot.wall_clock import unix
from tests.kit.clock import SetClock
from tests.kit.queues import TestQueue
from tests.kit.replicas import make_setup

START = datetime(2026, 3, 2, 10, 0, 0)  # noqa: DTZ001 naive UTC
EVERY = 5
"""Seconds between two checks."""
SECONDS = 20.0
"""Time limit of a check or a change by the test, in seconds; enough on a busy machine."""


@dataclass
class Watched:
    """A queue, the replica that checks it, and its workers; times and ages are in seconds."""

    queue: TestQueue
    setup: Setup
    clock: SetClock

    @property
    def now(self) -> int:
        """The clock's time in Unix seconds."""
        return unix(self.clock.at)

    def push(
        self, id_: int | None = None, *, ago: int = 0, name: str = "netsuite", **values: Any
    ) -> int:
        """Insert a job that was created and available `ago` seconds ago; return its id."""
        at = {"created_at": self.now - ago, "available_at": self.now - ago}
        return self.queue.push(id_, queue=name, **{**at, **values})

    def fill(self, rows: int, *, delay: int = 0) -> list[int]:
        """Insert `rows` jobs that are available after `delay` seconds; return their ids."""
        jobs = self.queue.queue.jobs
        row = {"queue": "netsuite", "payload": "{}", "attempts": 0, "reserved_at": None}
        at = {"created_at": self.now, "available_at": self.now + delay}
        with self.queue.engine.begin() as connection:
            last = connection.execute(select(func.max(jobs.c.id))).scalar() or 0
            connection.execute(jobs.insert(), [{**row, **at} for _ in range(rows)])
            new = select(jobs.c.id).where(jobs.c.id > last)
            return list(connection.execute(new).scalars())

    def take(self, job: int) -> None:
        """Reserve a job, as a worker does."""
        self._change(job, reserved_at=self.now)

    def release(self, job: int) -> None:
        """Release a reserved job, as a worker does."""
        self._change(job, reserved_at=None)

    def index(self) -> None:
        """Index all new failed jobs."""

        def work(connection: Connection) -> bool:
            return index.index_new(connection, self.queue.queue, self.clock.at).more

        # A pass ends after a quarter of a second, even if failed jobs are left.
        while changing(self.setup.engine, monotonic() + SECONDS, work):
            continue

    def _change(self, job: int, **values: Any) -> None:
        jobs = self.queue.queue.jobs
        with self.queue.engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job).values(**values))

    def end(self, *ids: int) -> None:
        """Delete jobs, as a worker that finished them or a person does."""
        jobs = self.queue.queue.jobs
        with self.queue.engine.begin() as connection:
            connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))

    def wait(self, seconds: float) -> None:
        """Advance the clock without a check."""
        self.clock.move(seconds=seconds)

    def look(self) -> dict[str, Reading]:
        """Run a check; return its readings by subject."""

        def work(connection: Connection) -> list[Reading]:
            return probe.check(self.setup, connection, self.clock.at, SECONDS)

        readings = changing(self.setup.engine, monotonic() + SECONDS, work)
        by_subject = {reading.subject: reading for reading in readings}
        assert len(by_subject) == len(readings)
        assert not any(reading.breached and reading.recovered for reading in readings)
        return by_subject

    def looks(self, seconds: int, every: int = EVERY) -> Iterator[dict[str, Reading]]:
        """Run a check every `every` seconds for `seconds` seconds; yield the readings of each."""
        for _ in range(seconds // every):
            self.wait(every)
            yield self.look()

    def watch(self, seconds: int, every: int = EVERY) -> dict[str, Reading]:
        """Run the checks of `looks`; return the readings of the last one."""
        return list(self.looks(seconds, every))[-1]


def watched(queue: TestQueue, *, alerting: Alerting | None = None, **values: Any) -> Watched:
    """Return the queue with a replica that checks it; `values` are arguments of `make_setup`."""
    clock = SetClock(START)
    setup = make_setup(queue, clock=clock, alerting=alerting or Alerting(), **values)
    return Watched(queue, setup, clock)


SILENT = "no_worker_activity:netsuite"


def judged(team: Watched, subject: str = SILENT) -> tuple[bool, bool]:
    """Check the queue; return whether the subject's reading is breached, and whether recovered."""
    reading = team.look()[subject]
    return reading.breached, reading.recovered


BREACHED, RECOVERED, BETWEEN = (True, False), (False, True), (False, False)
