"""Changes of many failed jobs at once: one small batch, chosen by the caller, in its transaction.

`chosen` is a table of the caller's that holds the ids of this batch: rows move inside the server.
MariaDB 10.11 scans the whole table for DELETE … WHERE id IN (SELECT …), so the join form is used
where there is one; SQLite has none and does not need it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from bot.queue.layouts import Queue
from bot.queue.moves import RETRIED_COLUMNS, exactly, retried_rows

BATCH_ROWS = 1_000
"""A worker that has drained its queue waits for a whole transaction: 25 ms at 1,000 rows, 104 ms at
20,000 (measured on MariaDB 10.11, two cores)."""


def retry_batch(
    connection: Connection,
    queue: Queue,
    ids: ColumnElement[int],
    batch: ColumnElement[bool],
    rows: int,
    now: datetime,
) -> None:
    """Move the failed jobs whose id is in `ids` where `batch` back to `jobs`: exactly `rows`."""
    moving = retried_rows(queue, now).where(queue.failed.c.id == ids, batch).order_by(ids)
    exactly(
        connection.execute(insert(queue.jobs).from_select(RETRIED_COLUMNS, moving)),
        rows,
    )
    delete_batch(connection, queue, ids, batch, rows)


def delete_batch(
    connection: Connection,
    queue: Queue,
    ids: ColumnElement[int],
    batch: ColumnElement[bool],
    rows: int,
) -> None:
    """Delete the failed jobs whose id is in `ids` where `batch`: exactly `rows`."""
    failed = queue.failed
    gone: Any
    if connection.dialect.name == "sqlite":
        gone = delete(failed).where(failed.c.id.in_(select(ids).where(batch)))
    else:
        gone = delete(failed).where(failed.c.id == ids, batch)
    exactly(connection.execute(gone), rows)
