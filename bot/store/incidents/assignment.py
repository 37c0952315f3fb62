"""Which incident a failure belongs to: exactly one, given once, in one statement for many."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select, update

from bot.database.dialects import force_index
from bot.models.incidents import Incident
from bot.store.deltas import incident_deltas
from bot.store.deltas.incident_deltas import Removal
from bot.store.failures.removal import WITHOUT_BOT, single_removals
from bot.store.tables import failures, incidents, operations

INCIDENT_INDEX = "queue_bot_failures_incident"


@dataclass(frozen=True, slots=True)
class UnassignedFailure:
    """A failure that belongs to no incident yet: what groups it with others."""

    seq: int
    error_group: int
    queue: str
    failed_id: int
    row_digest: str


@dataclass(frozen=True, slots=True)
class AssignedFailure:
    """A failure of an incident, as its alert shows it; `failed_at` as the queue stores it."""

    seq: int
    failed_id: int
    row_digest: str
    queue: str
    job_class: str | None
    order_id: str | None
    tienda_id: str | None
    error: str
    failed_at: datetime
    removed_at: datetime | None


def unassigned(connection: Connection, limit: int) -> list[UnassignedFailure]:
    """Failures that belong to no incident yet, in the order of `seq`."""
    c = failures.c
    names = [c[name] for name in UnassignedFailure.__dataclass_fields__]
    statement = select(*names).where(c.incident.is_(None)).order_by(c.seq).limit(limit)
    rows = connection.execute(_by_incident(statement)).mappings()
    return [UnassignedFailure(**row) for row in rows]


def assign(connection: Connection, incident: int, which: ColumnElement[bool]) -> int:
    """Assign failures that belong to no incident yet to this one; return how many.

    Each belongs to one: a second caller changes nothing. What was retried or deleted before
    is added to the incident by command and person, as it would have been later: an undo subtracts
    it in the same way.
    """
    given = update(failures).where(which, belongs_to_none()).values(incident=incident)
    came = connection.execute(given).rowcount
    if came:
        incident_deltas.add(connection, incident, _removed(connection, incident, which))
    return came


def _removed(
    connection: Connection, incident: int, which: ColumnElement[bool]
) -> list[tuple[int, Removal, datetime]]:
    """Return how many of an incident's failures were removed, by removal, and the last moment.

    Read in four simple statements: joined in one, a server with fresh statistics reached the
    archive by time instead of by row, and took 10 s for 500 failures instead of 14 ms.
    """
    f = failures.c
    removed = select(f.failed_id, f.operation, f.removed_at).where(
        which, f.incident == incident, f.removed_at.is_not(None)
    )
    rows = connection.execute(removed).all()
    if not rows:
        return []
    by_operation = _removals_of_operations(connection, {row.operation for row in rows} - {None})
    single = [row.failed_id for row in rows if row.operation is None]
    by_row = single_removals(connection, single)
    removals: dict[Removal, tuple[int, Removal, datetime]] = {}
    for row in sorted(rows, key=lambda row: row.removed_at):
        removal = by_operation.get(row.operation) or by_row.get(
            (row.failed_id, row.removed_at), WITHOUT_BOT
        )
        before = removals[removal][0] if removal in removals else 0
        removals[removal] = (before + 1, removal, row.removed_at)
    return sorted(removals.values(), key=lambda removal: removal[2])


def _removals_of_operations(connection: Connection, ids: Iterable[int]) -> dict[int, Removal]:
    """Whose bulk changes these are, by operation."""
    c = operations.c
    query = select(c.id, c.action, c.actor, c.counts_as).where(c.id.in_(ids))
    return {
        row.id: Removal(row.action, row.actor, row.id, row.counts_as)
        for row in connection.execute(query)
    }


def belongs_to_none() -> ColumnElement[bool]:
    """Whether a failure has no incident yet.

    A failure keeps its incident; the mutant `failures_change_hands` proves it.
    """
    return failures.c.incident.is_(None)


def move_left(connection: Connection, incident: int, to: int) -> int:
    """Give what is still there of an incident's failures to another one; returns how many."""
    still = and_(failures.c.incident == incident, failures.c.removed_at.is_(None))
    return connection.execute(update(failures).where(still).values(incident=to)).rowcount


def newest(connection: Connection, incident: int, limit: int) -> list[AssignedFailure]:
    """The newest failures of an incident, removed or not; a restored one counts once, as it is."""
    names = [failures.c[name] for name in AssignedFailure.__dataclass_fields__]
    failed = select(*names).where(failures.c.incident == incident, failures.c.restored_by.is_(None))
    newest_first = failed.order_by(failures.c.seq.desc()).limit(limit)
    rows = connection.execute(_by_incident(newest_first)).mappings()
    return [AssignedFailure(**row) for row in rows]


def _by_incident(query: Select[Any]) -> Select[Any]:
    """Found by their incident: for a few in the order of `seq` a server may read them all."""
    return force_index(query, failures, INCIDENT_INDEX)


def of_failure(connection: Connection, seq: int | None) -> Incident | None:
    """The incident that this failure belongs to."""
    if seq is None:
        return None
    joined = select(incidents).join(failures, failures.c.incident == incidents.c.id)
    row = connection.execute(joined.where(failures.c.seq == seq)).mappings().first()
    return None if row is None else Incident(**row)


def touch(connection: Connection, seq: int) -> None:
    """More is known of what became of this failure: a message of its own will say it."""
    incident = of_failure(connection, seq)
    if incident is not None and incident.count == 1:
        which = incidents.c.id == incident.id
        connection.execute(update(incidents).where(which).values(stale=True))
