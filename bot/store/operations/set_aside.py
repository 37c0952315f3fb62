"""Failed jobs that an operation could not move, because the database refused them."""

from sqlalchemy import Connection, func, insert, select

from bot.models.jobs import SkippedRow
from bot.models.refusals import RowRefused, RowTooLong, RowWouldChange
from bot.store.tables import set_aside

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
