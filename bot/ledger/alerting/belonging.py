"""Which incident a failure belongs to: exactly one, given once, in one statement for many."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, select, update

from bot.ledger.failing import bookings
from bot.ledger.failing.bookings import GONE
from bot.ledger.journal import audit
from bot.ledger.tables import archive, failures, operations
from bot.ledger.watching import incidents

INCIDENT_INDEX = "queue_bot_failures_incident"


def waiting(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Failures that belong to no incident yet, in the order of `seq`: what groups them."""
    c = failures.c
    names = (c.seq, c.error_group, c.queue, c.failed_id, c.row_digest)
    chosen = select(*names).where(c.incident.is_(None)).order_by(c.seq).limit(limit)
    return connection.execute(_by_incident(chosen)).mappings().all()


def assign(connection: Connection, incident: int, which: ColumnElement[bool]) -> int:
    """Assign failures that belong to no incident yet to this one; return how many.

    Each belongs to one: a second caller changes nothing. What was retried or deleted before
    is added to the incident by command and person, as it would have been later: an undo subtracts
    it in the same way.
    """
    given = update(failures).where(which, belongs_to_none()).values(incident=incident)
    came = connection.execute(given).rowcount
    if came:
        bookings.add(connection, incident, _removed(connection, incident, which))
    return came


def _removed(
    connection: Connection, incident: int, which: ColumnElement[bool]
) -> Sequence[RowMapping]:
    """Which of an incident's failures are gone, by what took them; shaped like bookings."""
    f, o, a = failures.c, operations.c, archive.c
    # A single change marks the failure and archives its row at the same moment.
    by_id = (a.kind == "failed", a.row_id == f.failed_id, a.archived_at == f.gone_at)
    how = func.coalesce(o.action, a.action, GONE)
    by = func.coalesce(o.actor, audit.c.actor)
    removed = (
        select(
            func.count().label("gone"),
            f.operation,
            how.label("how"),
            by.label("actor"),
            func.max(f.gone_at).label("at"),
        )
        .select_from(failures)
        .outerjoin(operations, o.id == f.operation)
        .outerjoin(archive, and_(*by_id, f.operation.is_(None), a.action != "undo"))
        .outerjoin(audit, and_(audit.c.request_id == a.request_id, audit.c.outcome == "ok"))
        .where(which, f.incident == incident, f.gone_at.is_not(None))
        .group_by(f.operation, how, by)
        .order_by(func.max(f.gone_at))
    )
    return connection.execute(removed).mappings().all()


def belongs_to_none() -> ColumnElement[bool]:
    """Whether a failure has no incident yet; its own function so that a test can break it."""
    return failures.c.incident.is_(None)


def move_left(connection: Connection, incident: int, to: int) -> int:
    """Give what is still there of an incident's failures to another one; returns how many."""
    still = and_(failures.c.incident == incident, failures.c.gone_at.is_(None))
    return connection.execute(update(failures).where(still).values(incident=to)).rowcount


def newest(connection: Connection, incident: int, limit: int) -> Sequence[RowMapping]:
    """The newest failures of an incident, gone or not; what came back counts once, as it is now."""
    chosen = select(failures).where(
        failures.c.incident == incident, failures.c.returned_by.is_(None)
    )
    newest_first = chosen.order_by(failures.c.seq.desc()).limit(limit)
    return connection.execute(_by_incident(newest_first)).mappings().all()


def _by_incident(chosen: Select[Any]) -> Select[Any]:
    """Found by their incident: for a few in the order of `seq` a server may read them all."""
    for dialect in ("mysql", "mariadb"):
        chosen = chosen.with_hint(failures, f"FORCE INDEX ({INCIDENT_INDEX})", dialect)
    return chosen


def of_failure(connection: Connection, seq: int | None) -> RowMapping | None:
    """The incident that this failure belongs to."""
    if seq is None:
        return None
    joined = select(incidents).join(failures, failures.c.incident == incidents.c.id)
    return connection.execute(joined.where(failures.c.seq == seq)).mappings().first()


def touch(connection: Connection, seq: int) -> None:
    """More is known of what became of this failure: a message of its own will say it."""
    found = of_failure(connection, seq)
    if found is not None and found["count"] == 1:
        which = incidents.c.id == found["id"]
        connection.execute(update(incidents).where(which).values(stale=True))
