"""Which incident a failure belongs to: exactly one, given once, in one statement for many."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, select, update

from bot.ledger.tables import failures
from bot.ledger.watching import incidents

INCIDENT_INDEX = "queue_bot_failures_incident"


def waiting(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Failures that belong to no incident yet, in the order of `seq`: what groups them."""
    c = failures.c
    names = (c.seq, c.error_group, c.queue, c.failed_id, c.row_digest)
    chosen = select(*names).where(c.incident.is_(None)).order_by(c.seq).limit(limit)
    return connection.execute(_by_incident(chosen)).mappings().all()


def assign(connection: Connection, incident: int, which: ColumnElement[bool]) -> tuple[int, int]:
    """Give failures that belong to none yet to an incident; how many, and how many are gone.

    Each belongs to one: whoever comes second changes nothing.
    """
    given = update(failures).where(which, belongs_to_none()).values(incident=incident)
    came = connection.execute(given).rowcount
    gone = select(func.count()).select_from(failures)
    gone = gone.where(which, failures.c.incident == incident, failures.c.gone_at.is_not(None))
    return came, int(connection.execute(gone).scalar_one()) if came else 0


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
