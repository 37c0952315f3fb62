"""Past changes in the audit log: their actors, their targets, and the names that people type."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Select, select

from bot.models.audit import Target
from bot.store.audit.audit_log import LastChange
from bot.store.audit.stored_json import read_targets
from bot.store.tables import audit, audit_chain, audit_targets, operations

DONE = ("ok", "started", "requested")
"""The outcomes of a change's record. A bulk change is represented by the record of its start,
or by the record of the request for its approval."""


LOOKED_AT = 50
"""The search for a person's last change that was not undone reads this many changes."""


@dataclass(frozen=True, slots=True)
class ChangeReference:
    """The name of a change: an operation's number, or `#` and the `seq` of an audit record."""

    number: int
    in_audit: bool

    def __str__(self) -> str:
        """Return the name that a person types."""
        return f"#{self.number}" if self.in_audit else str(self.number)


@dataclass(frozen=True, slots=True)
class Change:
    """A completed change, or a started bulk change; `at` is naive UTC."""

    id: int
    request_id: str
    actor: str
    action: str
    outcome: str
    at: datetime
    targets: tuple[Target, ...]

    @property
    def is_bulk(self) -> bool:
        """Whether the change ran in batches after its record was written."""
        return self.outcome in ("started", "requested")


def last(connection: Connection, action: str, kind: str, row_id: int) -> LastChange | None:
    """Return who last applied this action to the row with this id, and the time."""
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
    """Return the change that this request made."""
    return _first(connection, _changes().where(audit.c.request_id == request_id))


def by_name(connection: Connection, reference: ChangeReference) -> Change | None:
    """Return the change with this name."""
    if not reference.in_audit:
        request = select(operations.c.request_id).where(operations.c.id == reference.number)
        return _first(connection, _changes().where(audit.c.request_id == request.scalar_subquery()))
    linked = select(audit_chain.c.audit_id).where(audit_chain.c.seq == reference.number)
    return _first(connection, _changes().where(audit.c.id == linked.scalar_subquery()))


def newest_of(
    connection: Connection, actor: str, actions: Sequence[str], since: datetime
) -> list[Change]:
    """Return a person's newest changes by these actions, up to `LOOKED_AT`."""
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
    names = ("id", "request_id", "actor", "action", "outcome", "at")
    return Change(**{name: row[name] for name in names}, targets=read_targets(row["targets"]))
