"""The targets of audit records. Each target has a row, which is inserted and never updated.

The targets of a change are the rows that it changed. The targets of a refused request are the ids
that the request named; a failed job's subjects come from the index of failures.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, tuple_

from bot.models.audit import Named, Target
from bot.models.subjects import LONGEST_VALUE, ORDER, SHOP, SubjectKey
from bot.store.failures import subjects
from bot.store.tables import audit_subjects, audit_targets, failures

NAMED = 100
"""At most this many rows of a refused request become targets. The record has all arguments."""
SUBJECTS = "subjects"
"""The key of further subjects in the arguments of a bulk change, and in a target's row."""


def note(
    connection: Connection,
    audit_id: int,
    targets: Sequence[Target],
    named: Sequence[Named],
    arguments: Mapping[str, Any],
    named_subjects: Mapping[str, str],
) -> None:
    """Store the targets of a record, in the transaction that writes the record.

    `named_subjects` are the further subjects in the request's filter.
    """
    rows = [_target(target) for target in targets] or _asked_for(connection, named[:NAMED])
    filtered = {**_words(arguments.get(SUBJECTS)), **named_subjects}
    order, shop = _word(arguments.get("order")), _word(arguments.get("tienda"))
    if order is not None or shop is not None or filtered:
        rows.append(_row("order", 0, order, shop, filtered))
    if not rows:
        return
    more = [row.pop(SUBJECTS) for row in rows]
    keys = [{"audit_id": audit_id, "number": number} for number in range(len(rows))]
    numbered = [{**row, **key} for row, key in zip(rows, keys, strict=True)]
    connection.execute(insert(audit_targets), numbered)
    values = [
        {"name": name, "value": value, **key}
        for key, subjects_ in zip(keys, more, strict=True)
        for name, value in subjects_.items()
    ]
    if values:
        connection.execute(insert(audit_subjects), values)


def is_of(key: SubjectKey) -> ColumnElement[bool]:
    """Return the condition for targets of this subject in the key's shop, or without a shop."""
    t, s = audit_targets.c, audit_subjects.c
    if key.name == ORDER:
        which = t.order_id == key.value
    elif key.name == SHOP:
        which = t.tienda_id == key.value
    else:
        pairs = select(s.audit_id, s.number).where(s.name == key.name, s.value == key.value)
        which = tuple_(t.audit_id, t.number).in_(pairs)
    if key.tienda is None:
        return which
    return and_(which, or_(t.tienda_id == key.tienda, t.tienda_id.is_(None)))


def _target(target: Target) -> dict[str, Any]:
    order, tienda = _word(target.order_id), _word(target.tienda_id)
    return _row(target.kind, target.id, order, tienda, target.subjects, target.job_id)


def _asked_for(connection: Connection, named: Sequence[Named]) -> list[dict[str, Any]]:
    failed_ids = [request.id for request in named if request.kind == "failed"]
    c = failures.c
    # If the table reused an id, the last failure with this id counts.
    indexed = {
        row.failed_id: row
        for row in connection.execute(
            select(c.failed_id, c.seq, c.order_id, c.tienda_id)
            .where(c.failed_id.in_(failed_ids))
            .order_by(c.seq)
        )
    }
    more = subjects.of(connection, [row.seq for row in indexed.values()])
    rows = []
    for request in named:
        row = indexed.get(request.id) if request.kind == "failed" else None
        if row is None:
            rows.append(_row(request.kind, request.id, None, None, {}))
        else:
            mine = more.get(row.seq, {})
            rows.append(_row(request.kind, request.id, row.order_id, row.tienda_id, mine))
    return rows


def _row(
    kind: str,
    row_id: int,
    order: str | None,
    tienda: str | None,
    more: Mapping[str, str],
    job_id: int | None = None,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "row_id": row_id,
        "order_id": order,
        "tienda_id": tienda,
        "job_id": job_id,
        SUBJECTS: more,
    }


def _words(values: object) -> dict[str, str]:
    """Return the further subjects of a scope as stored texts."""
    if not isinstance(values, Mapping):
        return {}
    words = {str(name): _word(value) for name, value in values.items()}
    return {name: word for name, word in words.items() if word is not None}


def _word(value: object) -> str | None:
    """Return the value of a subject as stored text. A typed argument is a list with one value."""
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    return str(value).strip()[:LONGEST_VALUE] or None
