"""A worker for tests of outcomes: it changes the two tables step by step, as Laravel's does."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bot.app.setup import Setup
from bot.background.retries.track import track_once
from tests.kit.clock import Clock
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.kit.replicas import hold


@dataclass(frozen=True)
class Worker:
    """A worker that takes jobs by id; each way to end a job is a method."""

    queue: TestQueue

    def _changing(self) -> AbstractContextManager[Connection]:
        """Open a transaction, which on SQLite takes the write lock at its first statement."""
        return self.queue.engine.execution_options(changes=True).begin()

    def take(self, job_id: int) -> None:
        """Reserve the job."""
        jobs = self.queue.queue.jobs
        with self._changing() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(reserved_at=1, attempts=jobs.c.attempts + 1)
            )

    def end(self, job_id: int) -> Any:
        """Delete the job, as after success; return its row."""
        jobs = self.queue.queue.jobs
        with self._changing() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one()
            connection.execute(delete(jobs).where(jobs.c.id == job_id))
        return row

    def release(self, job_id: int) -> int:
        """Delete the job after a failed attempt and insert it again; return the new id."""
        jobs = self.queue.queue.jobs
        with self._changing() as connection:
            row = dict(connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one())
            connection.execute(delete(jobs).where(jobs.c.id == job_id))
            row |= {"attempts": row["attempts"] + 1, "reserved_at": None}
            del row["id"]
            return int(connection.execute(insert(jobs).values(row)).lastrowid)

    def fail(self, job_id: int, exception: str = GONE_AWAY) -> int:
        """Delete the job after its last attempt, then insert the failed job; return its id."""
        row = self.end(job_id)
        return self.write_failure(row, exception)

    def write_failure(self, row: Any, exception: str = GONE_AWAY) -> int:
        """Insert the failed job, in its own transaction; return its id."""
        failed_at = datetime(2025, 11, 8, 12)  # noqa: DTZ001 wall clock
        return self.queue.fail(
            queue=row["queue"], body=row["payload"], exception=exception, failed_at=failed_at
        )


def follow(setup: Setup, clock: Clock, *, seconds: float = 8, step: float = 1.1) -> int:
    """Run tracking passes for `seconds`, one every `step`; return how many outcomes were posted."""
    announced = 0
    for _ in range(max(1, round(seconds / step))):
        clock.move(seconds=step)
        announced += track_once(setup, hold(setup))
    return announced
