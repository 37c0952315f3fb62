"""List stuck jobs, which a worker has had for too long, and release them to the queue."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from bot.database.transactions import TooSlow, bounded, bounded_until, time_limit
from bot.models.jobs import Listed, StuckJobs
from bot.queue.layouts import Queue
from bot.queue.moves import exactly
from bot.queue.reads import LIST_SECONDS, job_columns, job_of

END_ROWS = 5_000
"""How many ids are read at each end of a queue if a read of all ids takes too long.

The read of these ids takes 10 ms.
"""
ENDS_SECONDS = 0.7
"""The time limit, in seconds, for the reads of the ends of all queues together."""


def stuck(
    connection: Connection,
    queue: Queue,
    now: datetime,
    older: int,
    limit: int,
    *,
    seconds: float = LIST_SECONDS,
) -> tuple[StuckJobs, Listed]:
    """Return up to `limit` jobs that are reserved for at least `older` seconds, the longest first.

    There is no index on reserved jobs. Only the lowest and the highest ids of each queue are read
    if a read of all jobs takes more than `seconds`. Workers take the oldest jobs, so the reserved
    jobs are at the ends.
    """
    layout = queue.jobs_layout
    held = (
        select(layout.id)
        .where(layout.is_reserved_for(older, now))
        .order_by(*layout.reservation_order())
        .limit(limit)
    )
    partial = False
    try:
        ids = list(bounded(connection, held, seconds).scalars())
    except TooSlow:
        ids, partial = _at_the_ends(connection, queue, held), True
    query = job_columns(queue, now).where(layout.id.in_(ids), layout.is_reserved(now))
    selected = connection.execute(query).mappings().all() if ids else []
    # The query returns no job without `reserved_at`; the 0 satisfies the type checker.
    rows = sorted(map(layout.row_of, selected), key=lambda row: (row.reserved_at or 0, row.id))[
        :limit
    ]
    listed = Listed(
        row_digests={row.id: row.digest for row in rows},
        reserved_at={row.id: row.reserved_at or 0 for row in rows},
        arguments={"limit": limit},
        partial=partial,
        retry_after=queue.layout.retry_after,
    )
    jobs = tuple(job_of(queue, row, now) for row in rows)
    return StuckJobs(jobs=jobs, count=len(jobs), older_seconds=older), listed


def _at_the_ends(connection: Connection, queue: Queue, held: Select[Any]) -> list[int]:
    """Return the ids of stuck jobs at both ends of each queue, as far as time allows."""
    jobs = queue.jobs_layout
    until = time_limit(connection, ENDS_SECONDS)
    ids: list[int] = []
    try:
        names = bounded_until(connection, select(jobs.queue).distinct(), until).scalars()
        for name in sorted(name for name in names if isinstance(name, str)):
            for newest in (False, True):
                query = held.where(jobs.id.in_(_end(queue, name, newest=newest)))
                ids += bounded_until(connection, query, until).scalars()
    except TooSlow:
        return ids
    return ids


def _end(queue: Queue, name: str, *, newest: bool) -> Select[Any]:
    """Select the lowest or the highest ids of one queue, by the index on its name."""
    jobs = queue.jobs_layout
    end = (
        select(jobs.id)
        .where(jobs.is_in_queue(name))
        .order_by(jobs.id.desc() if newest else jobs.id)
    )
    # The ids are a derived table, because MariaDB accepts no LIMIT in an IN.
    ids = end.limit(END_ROWS).subquery()
    return select(ids.c.id)


def release(
    connection: Connection, queue: Queue, job_id: int, reserved_at: int, attempts: int | None
) -> None:
    """Make a reserved job available to any worker; its attempts do not change.

    `reserved_at` (unix seconds) and `attempts` are values of the locked job. Raises `LostRace` if
    the job is not reserved any more.
    """
    exactly(connection.execute(queue.jobs_layout.release(job_id, reserved_at, attempts)), 1)
