"""The payloads that the batches of a bulk retry edited, counted by kind of edit."""

from collections.abc import Mapping

from sqlalchemy import Connection, func, insert, select

from bot.models.payload_edits import EditKind
from bot.store.tables import payload_edits


def add(connection: Connection, operation: int, batch: int, edits: Mapping[EditKind, int]) -> None:
    """Store the counts of a batch, in the batch's transaction."""
    rows = [
        {"operation": operation, "batch": batch, "kind": kind, "rows": count}
        for kind, count in edits.items()
    ]
    if rows:
        connection.execute(insert(payload_edits), rows)


def of_operation(connection: Connection, operation: int) -> dict[str, int]:
    """Return the counts of all batches of an operation, by kind."""
    c = payload_edits.c
    sums = select(c.kind, func.sum(c.rows)).where(c.operation == operation)
    return {
        kind: int(rows) for kind, rows in connection.execute(sums.group_by(c.kind).order_by(c.kind))
    }
