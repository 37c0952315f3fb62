"""The targets of audit records. Each target has a row, which is inserted and never updated.

The targets of a change are the rows that it changed. The targets of a refused request are the ids
that the request named; a failed job's order comes from the index of failures.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.models.operations import Named, Target
from bot.store.tables import audit_targets, failures

NAMED = 100
"""At most this many rows of a refused request become targets. The record has all arguments."""
LONGEST = 64


def note(
    connection: Connection,
    audit_id: int,
    targets: Sequence[Target],
    named: Sequence[Named],
    arguments: Mapping[str, Any],
) -> None:
    """Store the targets of a record, in the transaction that writes the record."""
    rows = [_target(target) for target in targets] or _asked_for(connection, named[:NAMED])
    if (order := _word(arguments.get("order"))) is not None:
        rows.append(_row("order", 0, order, _word(arguments.get("tienda"))))
    if rows:
        numbered = [
            {**row, "audit_id": audit_id, "number": number} for number, row in enumerate(rows)
        ]
        connection.execute(insert(audit_targets), numbered)


def _target(target: Target) -> dict[str, Any]:
    order, tienda = _word(target.order_id), _word(target.tienda_id)
    return _row(target.kind, target.id, order, tienda, target.job_id)


def _asked_for(connection: Connection, named: Sequence[Named]) -> list[dict[str, Any]]:
    failed_ids = [request.id for request in named if request.kind == "failed"]
    c = failures.c
    # If the table reused an id, the last failure with this id counts.
    orders = {
        row.failed_id: (row.order_id, row.tienda_id)
        for row in connection.execute(
            select(c.failed_id, c.order_id, c.tienda_id)
            .where(c.failed_id.in_(failed_ids))
            .order_by(c.seq)
        )
    }
    nothing = (None, None)
    return [
        _row(
            request.kind,
            request.id,
            *(orders.get(request.id, nothing) if request.kind == "failed" else nothing),
        )
        for request in named
    ]


def _row(
    kind: str, row_id: int, order: str | None, tienda: str | None, job_id: int | None = None
) -> dict[str, Any]:
    return {
        "kind": kind,
        "row_id": row_id,
        "order_id": order,
        "tienda_id": tienda,
        "job_id": job_id,
    }


def _word(value: object) -> str | None:
    """Return an order or a shop as stored text. A typed argument is a list with one value."""
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    return str(value).strip()[:LONGEST] or None
