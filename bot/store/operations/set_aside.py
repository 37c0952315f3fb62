"""Failed jobs that an operation could not move, because the database refused them."""

from sqlalchemy import ColumnElement, Connection, func, insert, not_, select

from bot.database.dialects import straight_join
from bot.models.job_changes import SkippedRow
from bot.models.refusals import OtherConnection, RowRefused, RowTooLong, RowWouldChange
from bot.queue.layouts import Queue, failed_digest
from bot.queue.layouts.rows import as_text
from bot.store.tables import failures, set_aside

LONGEST_DETAIL = 255
NAMED = 10
"""At most this many failed jobs are named with their reasons; more failed jobs are only counted."""


def add(
    connection: Connection,
    operation: int,
    seq: int,
    failed_id: int,
    refusal: RowRefused | RowTooLong | RowWouldChange,
) -> None:
    """Store the reason why the failed job was not moved."""
    row = {
        "operation": operation,
        "seq": seq,
        "failed_id": failed_id,
        "code": refusal.code,
        "detail": refusal.detail,
    }
    connection.execute(insert(set_aside).values(row))


def add_other_connections(
    connection: Connection, queue: Queue, operation: int, within: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Set aside the failures of a batch that a retry may not move into `jobs`.

    Return the condition for the batch's other failures.
    """
    layout, f = queue.failed_layout, failures.c
    movable = layout.is_movable()
    if movable is None:
        return within
    others = (
        select(f.seq, f.failed_id, layout.origin)
        .select_from(failures)
        .where(within, layout.id == f.failed_id, failed_digest(queue.failed) == f.row_digest)
        .where(not_(movable))
    )
    rows = [
        {
            "operation": operation,
            "seq": seq,
            "failed_id": failed_id,
            "code": OtherConnection.code,
            "detail": queue.mask(as_text(origin))[:LONGEST_DETAIL],
        }
        for seq, failed_id, origin in connection.execute(straight_join(others))
    ]
    if not rows:
        return within
    connection.execute(insert(set_aside), rows)
    mine = select(set_aside.c.seq).where(
        set_aside.c.operation == operation, set_aside.c.seq == f.seq
    )
    return within & ~mine.exists()


def count(connection: Connection, operation: int) -> int:
    """Count the failed jobs that the operation set aside."""
    rows = select(func.count()).where(set_aside.c.operation == operation)
    return int(connection.execute(rows).scalar_one())


def first_of(connection: Connection, operation: int) -> tuple[SkippedRow, ...]:
    """Return the first failed jobs that the operation set aside, with their reasons."""
    c = set_aside.c
    rows = select(c.failed_id, c.code, c.detail).where(c.operation == operation).order_by(c.seq)
    return tuple(
        SkippedRow(id=row.failed_id, code=row.code, detail=row.detail)
        for row in connection.execute(rows.limit(NAMED))
    )
