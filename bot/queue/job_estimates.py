"""Estimate the counts of both tables. Estimates are used until a large queue has an exact count.

The sizes come from the server's statistics and index dives. The ages and the reserved jobs come
from both ends of each queue. An estimate takes milliseconds, whatever the number of rows.
"""

from contextlib import suppress
from datetime import datetime
from time import monotonic

from sqlalchemy import Connection, select

from bot.database.estimates import estimated_rows
from bot.database.transactions import TooSlow
from bot.models.jobs import QueueCount, QueueStatus
from bot.models.queue_jobs import QueueJobs
from bot.queue import index_probe
from bot.queue.index_probe import ProbeLimits
from bot.queue.job_counts import JobCounts
from bot.queue.layouts import Queue
from bot.wall_clock import unix

QUEUES = 30
"""The maximum number of queues that are estimated, in the order of their names."""
PROBED_ROWS = 200
SECONDS = 0.3


def estimate(connection: Connection, queue: Queue, now: datetime) -> JobCounts | None:
    """Return the estimated counts, or None if the server (SQLite) estimates no rows."""
    failed = estimated_rows(connection, select(queue.failed_layout.id))
    if failed is None:
        return None
    until = monotonic() + SECONDS
    queues: list[QueueJobs] = []
    with suppress(TooSlow):
        for name in index_probe.names(connection, queue, SECONDS):
            queues.append(_estimate_queue(connection, queue, name, now))
            if len(queues) == QUEUES or monotonic() > until:
                break
    status = QueueStatus(
        pending_jobs=_counts(queues, "pending"),
        reserved_jobs=_counts(queues, "reserved"),
        failed_jobs_count=failed,
        oldest_pending_age_seconds=None,
        oldest_pending_job=None,
        timestamp=queue.human(unix(now)),
    )
    return JobCounts(status=status, queues=tuple(queues))


def _estimate_queue(connection: Connection, queue: Queue, name: str, now: datetime) -> QueueJobs:
    jobs = queue.jobs_layout
    limits = ProbeLimits(now, 0, PROBED_ROWS, SECONDS)
    probe = index_probe.probe_queue(connection, queue, name, limits)
    size = probe.available + probe.reserved
    if not probe.whole:
        rows = estimated_rows(
            connection, select(jobs.id).where(jobs.is_in_queue(name), jobs.is_unfinished())
        )
        size = max(size, rows or 0)
    return QueueJobs(
        queue=name,
        pending=size - probe.reserved,
        reserved=probe.reserved,
        delayed=0,
        oldest_seconds=None if probe.oldest_at is None else max(0, unix(now) - probe.oldest_at),
    )


def _counts(queues: list[QueueJobs], state: str) -> tuple[QueueCount, ...]:
    counts = ((jobs.queue, int(getattr(jobs, state))) for jobs in queues)
    return tuple(QueueCount(queue=name, count=count) for name, count in counts if count)
