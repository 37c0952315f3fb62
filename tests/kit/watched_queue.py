"""A queue that is looked at by a clock of the test's own, with workers played by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from bot.app.command import Alerting, Setup
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
"""Seconds between two looks."""
SECONDS = 20.0
"""What a look or a change of the test may take, whatever else this machine does."""


@dataclass
class Watched:
    """A queue, who looks at it, and who works on it; times are seconds, ages before now."""

    queue: TestQueue
    setup: Setup
    clock: SetClock

    @property
    def now(self) -> int:
        """Unix seconds."""
        return unix(self.clock.at)

    def push(
        self, id_: int | None = None, *, ago: int = 0, name: str = "netsuite", **values: Any
    ) -> int:
        """A job that was made so long ago and may be taken since then; returns its id."""
        at = {"created_at": self.now - ago, "available_at": self.now - ago}
        return self.queue.push(id_, queue=name, **{**at, **values})

    def fill(self, rows: int, *, delay: int = 0) -> list[int]:
        """So many new jobs, to be taken after `delay` seconds; their ids."""
        jobs = self.queue.queue.jobs
        row = {"queue": "netsuite", "payload": "{}", "attempts": 0, "reserved_at": None}
        at = {"created_at": self.now, "available_at": self.now + delay}
        with self.queue.engine.begin() as connection:
            last = connection.execute(select(func.max(jobs.c.id))).scalar() or 0
            connection.execute(jobs.insert(), [{**row, **at} for _ in range(rows)])
            new = select(jobs.c.id).where(jobs.c.id > last)
            return list(connection.execute(new).scalars())

    def take(self, job: int) -> None:
        """A worker takes a job."""
        self._change(job, reserved_at=self.now)

    def release(self, job: int) -> None:
        """The job may be taken again."""
        self._change(job, reserved_at=None)

    def index(self) -> None:
        """What has failed enters the bot's index."""

        def work(connection: Connection) -> bool:
            return index.index_new(connection, self.queue.queue, self.clock.at).more

        # A pass ends after a quarter of a second, whatever it has read by then.
        while changing(self.setup.engine, monotonic() + SECONDS, work):
            continue

    def _change(self, job: int, **values: Any) -> None:
        jobs = self.queue.queue.jobs
        with self.queue.engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job).values(**values))

    def end(self, *ids: int) -> None:
        """Jobs are gone: a worker ended them, or somebody deleted them."""
        jobs = self.queue.queue.jobs
        with self.queue.engine.begin() as connection:
            connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))

    def wait(self, seconds: float) -> None:
        """Let time pass without a look."""
        self.clock.move(seconds=seconds)

    def look(self) -> dict[str, Reading]:
        """A look: its readings by subject."""

        def work(connection: Connection) -> list[Reading]:
            return probe.check(self.setup, connection, self.clock.at, SECONDS)

        readings = changing(self.setup.engine, monotonic() + SECONDS, work)
        by_subject = {reading.subject: reading for reading in readings}
        assert len(by_subject) == len(readings)
        assert not any(reading.breached and reading.recovered for reading in readings)
        return by_subject

    def looks(self, seconds: int, every: int = EVERY) -> Iterator[dict[str, Reading]]:
        """Let time pass, and look every few seconds."""
        for _ in range(seconds // every):
            self.wait(every)
            yield self.look()

    def watch(self, seconds: int, every: int = EVERY) -> dict[str, Reading]:
        """The same; the last look's readings."""
        return list(self.looks(seconds, every))[-1]


def watched(queue: TestQueue, *, alerting: Alerting | None = None, **values: Any) -> Watched:
    """Somebody who looks at this queue; `values` are of the setup."""
    clock = SetClock(START)
    setup = make_setup(queue, clock=clock, alerting=alerting or Alerting(), **values)
    return Watched(queue, setup, clock)
