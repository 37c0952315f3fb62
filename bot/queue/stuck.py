"""Jobs that a worker has had for too long, and giving them back to the queue."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, update

from bot.errors import Busy
from bot.queue.database import TooSlow, bounded
from bot.queue.layouts import Queue
from bot.queue.model import StuckJobs, StuckListed
from bot.queue.moves import exactly
from bot.queue.reads import END_IDS, END_SECONDS, LIST_SECONDS, job_columns, job_of, unix


def stuck(
    connection: Connection,
    queue: Queue,
    now: datetime,
    older: int,
    limit: int,
    *,
    seconds: float = LIST_SECONDS,
) -> tuple[StuckJobs, StuckListed]:
    """Up to `limit` jobs that are reserved for at least `older` seconds, the longest ones first.

    No index knows what is reserved. Where all jobs cannot be looked at within `seconds`, only those
    with the lowest and the highest ids are: workers take the oldest, so what they hold is there.
    """
    c = queue.jobs.c
    held = (
        select(c.id)
        .where(c.reserved_at <= unix(now) - older)
        .order_by(c.reserved_at, c.id)
        .limit(limit)
    )
    partial = False
    try:
        ids = list(bounded(connection, held, seconds).scalars())
    except TooSlow:
        ids, partial = _at_the_ends(connection, queue, held), True
    chosen = job_columns(queue).where(c.id.in_(ids), c.reserved_at.is_not(None))
    found = connection.execute(chosen).mappings().all() if ids else []
    rows = sorted(found, key=lambda row: (row["reserved_at"], row["id"]))[:limit]
    listed = StuckListed(
        row_digests={row["id"]: row["digest"] for row in rows},
        reserved_at={row["id"]: row["reserved_at"] for row in rows},
        arguments={"limit": limit},
        partial=partial,
    )
    jobs = tuple(job_of(queue, row, now) for row in rows)
    return StuckJobs(jobs=jobs, count=len(jobs), older_seconds=older), listed


def _at_the_ends(connection: Connection, queue: Queue, held: Select[Any]) -> list[int]:
    c = queue.jobs.c
    lowest, highest = connection.execute(select(func.min(c.id), func.max(c.id))).one()
    if lowest is None:
        return []
    return [
        id_ for end in _ends(c.id, lowest, highest) for id_ in _within(connection, held.where(end))
    ]


def _ends(id_: ColumnElement[int], lowest: int, highest: int) -> Iterable[ColumnElement[bool]]:
    yield id_ < lowest + END_IDS
    yield id_ > max(highest - END_IDS, lowest + END_IDS - 1)


def _within(connection: Connection, held: Select[Any]) -> list[int]:
    try:
        return list(bounded(connection, held, END_SECONDS).scalars())
    except TooSlow as error:
        raise Busy from error


def release(connection: Connection, queue: Queue, job_id: int, reserved_at: int) -> None:
    """Let any worker take a reserved job again; its attempts stay what they are.

    `reserved_at` (unix seconds) is what was seen: raises `LostRace` where it is another by now.
    """
    c = queue.jobs.c
    freed = update(queue.jobs).where(c.id == job_id, c.reserved_at == reserved_at)
    exactly(connection.execute(freed.values(reserved_at=None)), 1)


def moment(seconds: int) -> datetime:
    """Unix seconds as naive UTC."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
