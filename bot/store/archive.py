"""What retry, delete and clear removed, copied in the same transaction, inside the server."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, insert, literal, null, select

from bot.models.actions import CountsAs
from bot.queue.layouts import Queue
from bot.store.tables import archive

_COLUMNS = (
    "kind",
    "row_id",
    "queue",
    "payload",
    "exception",
    "failed_at",
    "attempts",
    "max_attempts",
    "reserved_at",
    "available_at",
    "created_at",
    "action",
    "counts_as",
    "request_id",
    "archived_at",
)


def keep_failed(
    connection: Connection,
    queue: Queue,
    which: ColumnElement[bool],
    action: str,
    counts_as: CountsAs | None,
    request_id: str,
    now: datetime,
) -> int:
    """Copy the failed jobs for which `which` holds; returns how many."""
    c = queue.failed.c
    rows: Select[Any] = select(
        literal("failed"),
        c.id,
        c.queue,
        c.payload,
        c.exception,
        c.failed_at,
        *(null() for _ in range(5)),
        literal(action),
        literal(counts_as, archive.c.counts_as.type),
        literal(request_id),
        literal(now, archive.c.archived_at.type),
    ).where(which)
    return connection.execute(insert(archive).from_select(_COLUMNS, rows)).rowcount


def keep_job(
    connection: Connection,
    queue: Queue,
    job_id: int,
    action: str,
    counts_as: CountsAs | None,
    request_id: str,
    now: datetime,
) -> int:
    """Copy one job; returns how many rows that were."""
    c = queue.jobs.c
    rows: Select[Any] = select(
        literal("job"),
        c.id,
        c.queue,
        c.payload,
        null(),
        null(),
        c.attempts,
        c.max_attempts,
        c.reserved_at,
        c.available_at,
        c.created_at,
        literal(action),
        literal(counts_as, archive.c.counts_as.type),
        literal(request_id),
        literal(now, archive.c.archived_at.type),
    ).where(c.id == job_id)
    return connection.execute(insert(archive).from_select(_COLUMNS, rows)).rowcount
