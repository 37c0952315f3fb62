"""Samples: the last exact counts, used if an answer cannot wait for a count of the tables."""

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
"""If the last background count took more seconds, an answer uses the sample instead of a new count.
The bot promises an answer within 250 ms for any table size."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The counts, the time at which they were exact (naive UTC), and the duration of the count.

    `ids_taken` is the number of `jobs` ids that were assigned so far, or None if the server does
    not know the number. `steady` means that all earlier failures were indexed, so that every
    failure after the sample is new.
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
        """The counts of each queue that had jobs."""
        return self.counts.queues

    @property
    def jobs(self) -> int:
        """The number of jobs, including reserved jobs."""
        return sum(queue.size for queue in self.queues)


def keep(connection: Connection, sample: Sample) -> None:
    """Store a sample and delete samples that are more than 1 h older."""
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


_LATEST = select(samples).order_by(samples.c.id.desc()).limit(1)


def latest(connection: Connection) -> Sample | None:
    """Return the newest sample."""
    row = connection.execute(_LATEST).first()
    if row is None:
        return None
    counts = JobCounts.model_validate_json(row.body)
    return Sample(row.taken_at, row.took_ms, counts, row.ids_taken, row.steady)


def counts_quickly(connection: Connection, sample: Sample) -> bool:
    """Return whether an exact count is fast enough for a person who waits."""
    return sample.took_ms / 1000 < allowed(connection, QUICK_SECONDS)


def failed_by_queue(connection: Connection) -> dict[str, int]:
    """Return the stored count of failed jobs of each queue; omit queues without failed jobs."""
    c = failure_counts.c
    # This reads a few rows for each group: aggregated sums, and rows not aggregated yet.
    counted = or_(and_(c.aggregated == true(), c.hour == ALL_HOURS), c.aggregated == false())
    grouped = (
        select(c.queue, func.sum(c.appeared) - func.sum(c.removed))
        .where(counted)
        .group_by(c.queue, func.length(c.queue))
    )
    return {queue: int(count) for queue, count in connection.execute(grouped) if count > 0}
