"""What retry, delete and clear removed, copied in the same transaction, inside the server."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, insert, literal, select

from bot.models.actions import CountsAs
from bot.queue.layouts import Queue
from bot.queue.layouts.spec import ARCHIVED
from bot.store.tables import archive

_COLUMNS = (
    "kind",
    "row_id",
    *ARCHIVED,
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
    layout = queue.failed_layout
    rows: Select[Any] = select(
        literal("failed"),
        layout.id,
        *layout.archived_values(),
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
    layout = queue.jobs_layout
    rows: Select[Any] = select(
        literal("job"),
        layout.id,
        *layout.archived_values(),
        literal(action),
        literal(counts_as, archive.c.counts_as.type),
        literal(request_id),
        literal(now, archive.c.archived_at.type),
    ).where(layout.id == job_id)
    return connection.execute(insert(archive).from_select(_COLUMNS, rows)).rowcount
