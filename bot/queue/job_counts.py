"""Count both tables once: the spec's status, and the counts of each queue for samples."""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Executable, Table, bindparam, case, func, select

from bot.database.transactions import bounded
from bot.models.jobs import OldestPending, QueueCount, QueueStatus
from bot.models.queue_jobs import QueueJobs
from bot.models.value import Value
from bot.queue.layouts import Queue
from bot.queue.layouts.moments import NOW
from bot.queue.layouts.rows import as_number, as_text
from bot.queue.layouts.tables import JobsTable
from bot.wall_clock import unix


class JobCounts(Value):
    """The spec's status, and each queue that has jobs."""

    status: QueueStatus
    queues: tuple[QueueJobs, ...]


def count(connection: Connection, queue: Queue, now: datetime, seconds: float) -> JobCounts:
    """Count exactly; raises `TooSlow` if one of the three scans takes more than `seconds`."""
    grouped = _statements(queue.jobs_layout).grouped
    counts = bounded(connection, grouped, seconds, {NOW.key: unix(now)}).all()
    created = [as_number(row.oldest) for row in counts]
    least = min((seconds for seconds in created if seconds is not None), default=None)
    oldest = None if least is None else _oldest(connection, queue, least, now, seconds)
    status = QueueStatus(
        pending_jobs=_counts(queue, counts, "pending"),
        reserved_jobs=_counts(queue, counts, "reserved"),
        failed_jobs_count=count_failed(connection, queue, seconds),
        oldest_pending_age_seconds=None if oldest is None else unix(now) - oldest.created_at,
        oldest_pending_job=oldest,
        timestamp=queue.human(unix(now)),
    )
    return JobCounts(
        status=status, queues=tuple(_queue_counts(queue, row, unix(now)) for row in counts)
    )


def count_failed(connection: Connection, queue: Queue, seconds: float) -> int:
    """Count the failed jobs exactly; raises `TooSlow` if that takes more than `seconds`."""
    failures = bounded(connection, _failed_count(queue.failed), seconds).scalar()
    return int(failures or 0)


class _Statements(NamedTuple):
    """The counts of each queue, the pending job created at `least`, and the oldest pending job."""

    grouped: Executable
    created_at_least: Executable
    oldest: Executable


@lru_cache(maxsize=8)
def _statements(jobs: JobsTable) -> _Statements:
    """Return the statements for a table; building them again took a tenth of `/queue status`."""
    pending, delayed, available = jobs.is_pending(NOW), jobs.is_delayed(NOW), jobs.is_available(NOW)
    reserved = jobs.is_reserved(NOW)
    # The name is an expression, because MariaDB would use the index on the plain column and look
    # up every row. That takes 3.3 s for three million jobs; one scan takes 1.4 s.
    name = func.coalesce(jobs.queue.concat(""), "").label("queue")
    grouped = (
        select(
            name,
            func.sum(case((pending, 1), else_=0)).label("pending"),
            func.sum(case((reserved, 1), else_=0)).label("reserved"),
            func.min(case((pending, jobs.created_at))).label("oldest"),
            func.sum(case((delayed, 1), else_=0)).label("delayed"),
            func.min(case((available, jobs.available_since()))).label("available_since"),
        )
        .where(jobs.is_unfinished())
        .group_by(name)
        .order_by(name)
    )
    first = select(jobs.queue, jobs.created_at, jobs.available_at).where(pending).limit(1)
    # The job is among the first rows in the order of ids. An order by `created_at` would make the
    # server sort all rows.
    created_at_least = first.where(jobs.created_at == bindparam("least", type_=BigInteger))
    oldest = first.order_by(jobs.created_at, jobs.id)
    return _Statements(grouped, created_at_least.order_by(jobs.id), oldest)


@lru_cache(maxsize=8)
def _failed_count(failed: Table) -> Executable:
    return select(func.count()).select_from(failed)


def _queue_counts(queue: Queue, row: Any, now: int) -> QueueJobs:
    since = as_number(row.available_since)
    return QueueJobs(
        queue=queue.mask(as_text(row.queue)),
        pending=row.pending,
        reserved=row.reserved,
        delayed=row.delayed,
        oldest_seconds=None if since is None else max(0, now - since),
    )


def _oldest(
    connection: Connection, queue: Queue, least: int, now: datetime, seconds: float
) -> OldestPending | None:
    """Return the pending job created at `least`, or the next job if a worker has reserved it."""
    statements, values = _statements(queue.jobs_layout), {NOW.key: unix(now)}
    at_least = values | {"least": least}
    first = bounded(connection, statements.created_at_least, seconds, at_least).first()
    if first is None:
        first = bounded(connection, statements.oldest, seconds, values).first()
    created_at = None if first is None else as_number(first.created_at)
    if first is None or created_at is None:
        return None
    return OldestPending(
        queue=queue.mask(as_text(first.queue)),
        created_at=created_at,
        available_at=as_number(first.available_at),
    )


def _counts(queue: Queue, rows: Any, state: str) -> tuple[QueueCount, ...]:
    counts = ((queue.mask(as_text(row.queue)), int(getattr(row, state))) for row in rows)
    return tuple(QueueCount(queue=name, count=count) for name, count in counts if count)
