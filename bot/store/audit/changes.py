"""Past changes as the audit knows them: by whom, what they took, how they are named."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Select, select

from bot.models.operations import Target
from bot.store.audit.audit_log import LastChange
from bot.store.tables import audit, audit_chain, audit_targets, operations

DONE = ("ok", "started")
"""Outcomes of the record that a change is written with; a bulk change's is its start."""


LOOKED_AT = 50
"""A person's newest changes, of which one is looked for that was not undone."""


@dataclass(frozen=True, slots=True)
class ChangeReference:
    """How a person names a change: an operation's number, or `#` and a record's in the audit."""

    number: int
    in_audit: bool

    def __str__(self) -> str:
        """As it is typed."""
        return f"#{self.number}" if self.in_audit else str(self.number)


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was carried out, or a bulk change that began; `at` is naive UTC."""

    id: int
    request_id: str
    actor: str
    action: str
    outcome: str
    at: datetime
    targets: tuple[Target, ...]

    @property
    def is_bulk(self) -> bool:
        """Whether it went on in batches after it was recorded."""
        return self.outcome == "started"


def last(connection: Connection, action: str, kind: str, row_id: int) -> LastChange | None:
    """Who did this last to the row with this id, and when."""
    row = connection.execute(
        select(audit.c.actor, audit.c.action, audit.c.at)
        .join(audit_targets, audit_targets.c.audit_id == audit.c.id)
        .where(
            audit_targets.c.kind == kind,
            audit_targets.c.row_id == row_id,
            audit.c.action == action,
            audit.c.outcome == "ok",
        )
        .order_by(audit.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else LastChange(row.actor, row.action, row.at)


def by_request(connection: Connection, request_id: str) -> Change | None:
    """The change that this request made."""
    return _first(connection, _changes().where(audit.c.request_id == request_id))


def by_name(connection: Connection, reference: ChangeReference) -> Change | None:
    """The change that a person names."""
    if not reference.in_audit:
        request = select(operations.c.request_id).where(operations.c.id == reference.number)
        return _first(connection, _changes().where(audit.c.request_id == request.scalar_subquery()))
    linked = select(audit_chain.c.audit_id).where(audit_chain.c.seq == reference.number)
    return _first(connection, _changes().where(audit.c.id == linked.scalar_subquery()))


def newest_of(
    connection: Connection, actor: str, actions: Sequence[str], since: datetime
) -> list[Change]:
    """A person's newest changes of these kinds, up to `LOOKED_AT`."""
    c = audit.c
    query = _changes().where(c.actor == actor, c.action.in_(actions), c.at >= since)
    rows = connection.execute(query.order_by(c.id.desc()).limit(LOOKED_AT)).mappings()
    return [_change(row) for row in rows]


def _changes() -> Select[tuple[int]]:
    return select(audit).where(audit.c.outcome.in_(DONE))


def _first(connection: Connection, query: Select[tuple[int]]) -> Change | None:
    row = connection.execute(query.order_by(audit.c.id).limit(1)).mappings().first()
    return None if row is None else _change(row)


def _change(row: RowMapping) -> Change:
    targets = tuple(Target.model_validate(target) for target in json.loads(row["targets"]))
    names = ("id", "request_id", "actor", "action", "outcome", "at")
    return Change(**{name: row[name] for name in names}, targets=targets)
