"""Deltas of an incident's counts: each change appends rows, so that nothing is recounted.

Every transaction that removes or restores failures appends rows here. So the batches of a bulk
change do not wait for each other's lock on the incident's row. The watcher adds the rows to the
incident. So an incident with a million failures costs as much as an incident with ten failures.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from bot.models.actions import CountsAs
from bot.store.tables import failures, incident_deltas, incident_operations, incidents

OUTSIDE = "gone"
"""The action in deltas of failures that were removed without the bot."""

AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Removal:
    """The command that removed or restored failures, and the person who ran the command.

    `operation` is the number of a bulk change, otherwise None. `actor` is None if the bot does not
    know the person. `counts_as` says whether the command retries or deletes jobs.
    """

    action: str = OUTSIDE
    actor: str | None = None
    operation: int | None = None
    counts_as: CountsAs | None = None


def append(
    connection: Connection, removed: Mapping[int, int], removal: Removal, now: datetime
) -> None:
    """Append the number of removed failures of each incident; a negative number means restored."""
    rows = [
        {
            "incident": incident,
            "removed": rows,
            "operation": removal.operation,
            "action": removal.action,
            "counts_as": removal.counts_as,
            "actor": removal.actor,
            "created_at": now,
        }
        for incident, rows in removed.items()
        if rows
    ]
    if rows:
        connection.execute(insert(incident_deltas), rows)


def append_batch(
    connection: Connection, which: ColumnElement[bool], removal: Removal, now: datetime
) -> None:
    """Append counts of the failures that this transaction marked removed; the server counts."""
    c, d = failures.c, incident_deltas.c
    counted = (
        select(
            c.incident,
            func.count(),
            literal(removal.operation, d.operation.type),
            literal(removal.action),
            literal(removal.counts_as, d.counts_as.type),
            literal(removal.actor, d.actor.type),
            literal(now, d.created_at.type),
        )
        .where(which, c.incident > 0)
        .group_by(c.incident)
    )
    columns = ("incident", "removed", "operation", "action", "counts_as", "actor", "created_at")
    connection.execute(insert(incident_deltas).from_select(columns, counted))


@dataclass
class _Sum:
    removed: int = 0
    retried: int = 0
    deleted: int = 0
    last: Removal | None = None
    at: datetime | None = None
    operations: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    def count(self, removed: int, removal: Removal, at: datetime) -> None:
        """Add the removal of `removed` failures at one time; a negative number means restored."""
        self.removed += removed
        self.retried += removed if removal.counts_as == "retried" else 0
        self.deleted += removed if removal.counts_as == "deleted" else 0
        if removal.operation is not None:
            self.operations[removal.operation] += removed
        if removed > 0:
            self.last, self.at = removal, at
        else:
            self.last = self.at = None


def aggregate(connection: Connection) -> dict[int, int]:
    """Add the deltas to their incidents; return the number of restored failures by incident.

    Only the holder of the watcher's lease calls this, so that no delta is added twice.
    """
    c = incident_deltas.c
    oldest = select(incident_deltas).order_by(c.id).limit(AT_ONCE)
    rows = connection.execute(oldest).mappings().all()
    if not rows:
        return {}
    sums: defaultdict[int, _Sum] = defaultdict(_Sum)
    restored: defaultdict[int, int] = defaultdict(int)
    for row in rows:
        removal = Removal(row["action"], row["actor"], row["operation"], row["counts_as"])
        sums[row["incident"]].count(row["removed"], removal, row["created_at"])
        if row["removed"] < 0:
            restored[row["incident"]] -= row["removed"]
    for incident in sorted(sums):
        _add(connection, incident, sums[incident])
    connection.execute(delete(incident_deltas).where(c.id.in_([row["id"] for row in rows])))
    return dict(restored)


def removed(connection: Connection, ids: Collection[int]) -> dict[int, int]:
    """Return, by incident, the number of removed failures that are not added to it yet."""
    c = incident_deltas.c
    sums = select(c.incident, func.sum(c.removed)).where(c.incident.in_(ids)).group_by(c.incident)
    return {incident: int(rows) for incident, rows in connection.execute(sums)}


def add(
    connection: Connection, incident: int, removals: Iterable[tuple[int, Removal, datetime]]
) -> None:
    """Count failures that were removed before they were assigned to the incident.

    Each item is a number of failures, their removal, and its time.
    """
    total = _Sum()
    for removed, removal, at in removals:
        total.count(removed, removal, at)
    if total.removed:
        _add(connection, incident, total)


def _add(connection: Connection, incident: int, total: _Sum) -> None:
    c = incidents.c
    connection.execute(
        update(incidents)
        .where(c.id == incident)
        .values(
            removed=c.removed + total.removed,
            retried=c.retried + total.retried,
            deleted=c.deleted + total.deleted,
            settled_by=total.last.actor if total.last else None,
            settled_how=total.last.action if total.last else None,
            settled_at=total.at,
            stale=True,
        )
    )
    for operation, rows in total.operations.items():
        _of_operation(connection, incident, operation, rows)


def _of_operation(connection: Connection, incident: int, operation: int, rows: int) -> None:
    add_to_operation(connection, incident, operation, {"rows": rows})


def add_to_operation(
    connection: Connection, incident: int, operation: int, counts: Mapping[str, int]
) -> None:
    """Add `counts`, by column name, to the row of this incident and this operation."""
    c = incident_operations.c
    this = (c.incident == incident) & (c.operation == operation)
    sums = {name: c[name] + count for name, count in counts.items()}
    if not connection.execute(update(incident_operations).where(this).values(sums)).rowcount:
        row = {"incident": incident, "operation": operation, "rows": 0, **counts}
        connection.execute(insert(incident_operations).values(row))
