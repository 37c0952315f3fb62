"""The daily verification of the audit log, and its record."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.store.tables import audit, audit_chain

ACTION = "audit-verify"
"""The action of the record that a verification writes; its outcome is `ok` or `failed`."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The last sealed record of a verification; `at` is naive UTC."""

    seq: int
    at: datetime
    outcome: str


def last(connection: Connection) -> Verification | None:
    """Return the last verification; an unsealed record does not count."""
    row = connection.execute(
        select(audit_chain.c.seq, audit.c.at, audit.c.outcome)
        .join(audit_chain, audit_chain.c.audit_id == audit.c.id)
        .where(audit.c.action == ACTION)
        .order_by(audit.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else Verification(row.seq, row.at, row.outcome)


def oldest_record_at(connection: Connection) -> datetime | None:
    """Return the time of the oldest record, or None if nothing was sealed yet.

    The function does not rely on the record of the first link: somebody may have removed this
    record.
    """
    if connection.execute(select(audit_chain.c.seq).limit(1)).first() is None:
        return None
    oldest = connection.execute(select(func.min(audit.c.at))).scalar()
    return datetime.min if oldest is None else oldest  # noqa: DTZ901 naive UTC: due at once
