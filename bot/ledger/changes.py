"""Past changes as the audit knows them: by whom, what they took, how they are named."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, select

from bot.ledger.audit import Doer
from bot.ledger.journal import audit, audit_chain, audit_targets
from bot.ledger.model import Target

DONE = ("ok", "started")
"""Outcomes of the record that a change is written with; a bulk change's is its start."""


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


def last(connection: Connection, action: str, kind: str, row_id: int) -> Doer | None:
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
    return None if row is None else Doer(row.actor, row.action, row.at)


def by_request(connection: Connection, request_id: str) -> Change | None:
    """The change that this request made."""
    return _first(connection, _changes().where(audit.c.request_id == request_id))


def by_seq(connection: Connection, seq: int) -> Change | None:
    """The change whose record has this number in the chain, as the audit channel shows it."""
    linked = select(audit_chain.c.audit_id).where(audit_chain.c.seq == seq).scalar_subquery()
    return _first(connection, _changes().where(audit.c.id == linked))


def newest_of(
    connection: Connection, actor: str, which: ColumnElement[bool], limit: int
) -> list[Change]:
    """A person's newest changes for which the condition on the audit holds."""
    chosen = _changes().where(audit.c.actor == actor, which)
    rows = connection.execute(chosen.order_by(audit.c.id.desc()).limit(limit)).mappings()
    return [_change(row) for row in rows]


def _changes() -> Select[tuple[int]]:
    return select(audit).where(audit.c.outcome.in_(DONE))


def _first(connection: Connection, chosen: Select[tuple[int]]) -> Change | None:
    row = connection.execute(chosen.order_by(audit.c.id).limit(1)).mappings().first()
    return None if row is None else _change(row)


def _change(row: RowMapping) -> Change:
    targets = tuple(Target.model_validate(target) for target in json.loads(row["targets"]))
    names = ("id", "request_id", "actor", "action", "outcome", "at")
    return Change(**{name: row[name] for name in names}, targets=targets)
