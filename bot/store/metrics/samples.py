"""The last exact figures, for tables that take too long to count for an answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, false, func, insert, or_, select, true

from bot.database.transactions import allowed
from bot.models.jobs import QueueStatus
from bot.models.queue_jobs import QueueJobs
from bot.queue.job_counts import JobCounts
from bot.store.failures.failure_counts import ALL_HOURS
from bot.store.tables import failure_counts, samples

KEPT = timedelta(hours=1)
QUICK_SECONDS = 0.15
"""If the last background count took longer, an answer uses the sample instead of counting: the
promise is an answer within 250 ms for any table size."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The counts, the time at which they were exact (naive UTC), and the duration of counting.

    `ids_taken`: ids of `jobs` assigned by then, None if the server does not know. `steady`: all
    earlier failures were indexed, so that later ones are new.
    """

    taken_at: datetime
    took_ms: int
    counts: JobCounts
    ids_taken: int | None = None
    steady: bool = False

    @property
    def status(self) -> QueueStatus:
        """The spec's status."""
        return self.counts.status

    @property
    def queues(self) -> tuple[QueueJobs, ...]:
        """Each queue that had jobs."""
        return self.counts.queues

    @property
    def jobs(self) -> int:
        """The number of jobs, including reserved ones."""
        return sum(queue.size for queue in self.queues)


def keep(connection: Connection, sample: Sample) -> None:
    """Store a sample and delete those older than an hour."""
    connection.execute(delete(samples).where(samples.c.taken_at < sample.taken_at - KEPT))
    connection.execute(
        insert(samples).values(
            taken_at=sample.taken_at,
            took_ms=sample.took_ms,
            body=sample.counts.model_dump_json(),
            ids_taken=sample.ids_taken,
            steady=sample.steady,
        )
    )


def latest(connection: Connection) -> Sample | None:
    """Return the newest sample."""
    row = connection.execute(select(samples).order_by(samples.c.id.desc()).limit(1)).first()
    if row is None:
        return None
    counts = JobCounts.model_validate_json(row.body)
    return Sample(row.taken_at, row.took_ms, counts, row.ids_taken, row.steady)


def counts_quickly(connection: Connection, sample: Sample) -> bool:
    """Return whether an exact count is fast enough while a person waits."""
    return sample.took_ms / 1000 < allowed(connection, QUICK_SECONDS)


def failed_by_queue(connection: Connection) -> dict[str, int]:
    """Return the stored count of failed jobs of each queue; queues without any are absent."""
    c = failure_counts.c
    # A few rows for each group: the aggregated sums, and the rows not aggregated yet.
    counted = or_(and_(c.aggregated == true(), c.hour == ALL_HOURS), c.aggregated == false())
    grouped = (
        select(c.queue, func.sum(c.appeared) - func.sum(c.removed))
        .where(counted)
        .group_by(c.queue, func.length(c.queue))
    )
    return {queue: int(count) for queue, count in connection.execute(grouped) if count > 0}
