"""The scan of the index: compare ranges of ids with the table of failed jobs."""

from datetime import datetime

from sqlalchemy import Connection, select

from bot.queue.layouts import Queue, failed_digest
from bot.store.cursors import positions, reset, set_position
from bot.store.failures import regrouping
from bot.store.failures.backfill import highest_known
from bot.store.failures.removal import mark_missing
from bot.store.failures.unindexed import PASS_ROWS, Pass, add, unindexed_rows
from bot.store.leases import lock_lease
from bot.store.tables import failures

SCAN_ROWS = 10_000


def scan(connection: Connection, queue: Queue, now: datetime, rows: int = SCAN_ROWS) -> Pass:
    """Compare the next range of ids with the index; restart after the last id.

    The scan adds failures that the index lacks, and marks failures that `failed_jobs` lacks.
    """
    lock_lease(connection, "failures")
    reached = positions(connection, "backfill", "backfill_end", "scan")
    if reached["backfill"] < reached["backfill_end"] or regrouping.is_naming(connection):
        return Pass(0, 0, more=False)
    low = reached["scan"]
    high = _end_of_range(connection, queue, low, rows)
    if high is None and low > highest_known(connection, queue):
        reset(connection, "scan", 0, now)
        return Pass(0, 0, more=True)
    removed, high = _mark_missing(connection, queue, low, high, now, rows)
    unindexed, more = unindexed_rows(connection, queue, low, high, PASS_ROWS)
    add(connection, queue, unindexed, now, incident=None)
    if not more and low != (high or 0):
        set_position(connection, "scan", high or 0)
    return Pass(added=len(unindexed), removed=removed, more=more)


def _end_of_range(connection: Connection, queue: Queue, low: int, rows: int) -> int | None:
    id_ = queue.failed_layout.id
    ids = select(id_).where(id_ > low).order_by(id_)
    return connection.execute(ids.offset(rows - 1).limit(1)).scalar()


def _mark_missing(
    connection: Connection, queue: Queue, low: int, high: int | None, now: datetime, rows: int
) -> tuple[int, int | None]:
    """Mark up to `rows` missing failures of a range removed; return their number and the end."""
    id_ = queue.failed_layout.id
    unchanged = (
        select(id_)
        .where(id_ == failures.c.failed_id, failed_digest(queue.failed) == failures.c.row_digest)
        .exists()
    )
    here = failures.c.removed_at.is_(None)
    in_range = (failures.c.failed_id > low) & here & ~unchanged
    if high is not None:
        in_range &= failures.c.failed_id <= high
    # The first read takes no lock, because a range has thousands of rows and usually none to mark.
    # The limit is for an emptied table, where all failures are missing.
    missing = connection.execute(
        select(failures.c.seq, failures.c.failed_id)
        .where(in_range)
        .order_by(failures.c.failed_id)
        .limit(rows)
    ).all()
    if not missing:
        return 0, high
    ended = missing[-1].failed_id if len(missing) == rows else high
    return mark_missing(connection, [row.failed_id for row in missing], now), ended
