"""A worker for tests of outcomes: what Laravel's does to the two tables, step by step."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bot.app.command import Setup
from bot.background.retries.track import track_once
from tests.kit.clock import Clock
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.kit.replicas import hold


@dataclass(frozen=True)
class Worker:
    """Takes jobs by their id; each way to end one is a method."""

    queue: TestQueue

    def _changing(self) -> AbstractContextManager[Connection]:
        """A transaction that on SQLite is a writer's from its first statement on."""
        return self.queue.engine.execution_options(changes=True).begin()

    def take(self, job_id: int) -> None:
        """Reserve it."""
        jobs = self.queue.queue.jobs
        with self._changing() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(reserved_at=1, attempts=jobs.c.attempts + 1)
            )

    def end(self, job_id: int) -> Any:
        """Delete it, as when it went well; returns its row."""
        jobs = self.queue.queue.jobs
        with self._changing() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one()
            connection.execute(delete(jobs).where(jobs.c.id == job_id))
        return row

    def release(self, job_id: int) -> int:
        """An attempt failed: delete it and insert it again; returns the new id."""
        jobs = self.queue.queue.jobs
        with self._changing() as connection:
            row = dict(connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one())
            connection.execute(delete(jobs).where(jobs.c.id == job_id))
            row |= {"attempts": row["attempts"] + 1, "reserved_at": None}
            del row["id"]
            return int(connection.execute(insert(jobs).values(row)).lastrowid)

    def fail(self, job_id: int, exception: str = GONE_AWAY) -> int:
        """The last attempt failed: delete it, then write the failure down; returns its id."""
        row = self.end(job_id)
        return self.write_failure(row, exception)

    def write_failure(self, row: Any, exception: str = GONE_AWAY) -> int:
        """The second half of failing, which is a transaction of its own."""
        failed_at = datetime(2025, 11, 8, 12)  # noqa: DTZ001 wall clock
        return self.queue.fail(
            queue=row["queue"], body=row["payload"], exception=exception, failed_at=failed_at
        )


def follow(setup: Setup, clock: Clock, *, seconds: float = 8, step: float = 1.1) -> int:
    """Let so much time pass with a pass now and then; returns how many outcomes were told."""
    announced = 0
    for _ in range(max(1, round(seconds / step))):
        clock.move(seconds=step)
        announced += track_once(setup, hold(setup))
    return announced
