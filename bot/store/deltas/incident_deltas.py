"""What became of an incident's failures: booked with the change itself, and never counted.

Whoever marks failures gone, or puts some back, appends rows here in the same transaction, so that
the batches of a bulk change do not wait for each other at the incident's row. The watcher folds
them into the incident. So an incident of a million failures costs as much as one of ten.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
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
from bot.store.tables import bookings, failures, incident_operations, incidents

GONE = "gone"
"""What failures that went without the bot are booked under."""

AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Doer:
    """Which command took failures away, or had taken those that come back, and whose it is.

    `operation` is the bulk change, where it was one; `by` is None where nobody knows. `counts_as`
    is what it adds to.
    """

    how: str = GONE
    by: str | None = None
    operation: int | None = None
    counts_as: CountsAs | None = None


def book(connection: Connection, gone: Mapping[int, int], doer: Doer, now: datetime) -> None:
    """Book failures by incident: so many went, or came back where it is less than none."""
    rows = [
        {
            "incident": incident,
            "gone": rows,
            "operation": doer.operation,
            "how": doer.how,
            "counts_as": doer.counts_as,
            "actor": doer.by,
            "at": now,
        }
        for incident, rows in gone.items()
        if rows
    ]
    if rows:
        connection.execute(insert(bookings), rows)


def book_all(connection: Connection, which: ColumnElement[bool], doer: Doer, now: datetime) -> None:
    """Book failures that were marked gone in this transaction, without reading them here."""
    c = failures.c
    counted = (
        select(
            c.incident,
            func.count(),
            literal(doer.operation, bookings.c.operation.type),
            literal(doer.how),
            literal(doer.counts_as, bookings.c.counts_as.type),
            literal(doer.by, bookings.c.actor.type),
            literal(now, bookings.c.at.type),
        )
        .where(which, c.incident > 0)
        .group_by(c.incident)
    )
    columns = ("incident", "gone", "operation", "how", "counts_as", "actor", "at")
    connection.execute(insert(bookings).from_select(columns, counted))


@dataclass
class _Sum:
    gone: int = 0
    retried: int = 0
    deleted: int = 0
    last: Doer | None = None
    at: datetime | None = None
    operations: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    def count(self, gone: int, doer: Doer, at: datetime) -> None:
        """Add so many failures that went at once; fewer than none came back."""
        self.gone += gone
        self.retried += gone if doer.counts_as == "retried" else 0
        self.deleted += gone if doer.counts_as == "deleted" else 0
        if doer.operation is not None:
            self.operations[doer.operation] += gone
        if gone > 0:
            self.last, self.at = doer, at
        else:
            self.last = self.at = None


def fold(connection: Connection) -> dict[int, int]:
    """Add what was booked to the incidents; returns how many came back, by incident.

    Only who holds the watcher's lease calls this, so that nothing is added twice.
    """
    c = bookings.c
    rows = connection.execute(select(bookings).order_by(c.id).limit(AT_ONCE)).mappings().all()
    if not rows:
        return {}
    sums: defaultdict[int, _Sum] = defaultdict(_Sum)
    back: defaultdict[int, int] = defaultdict(int)
    for row in rows:
        doer = Doer(row["how"], row["actor"], row["operation"], row["counts_as"])
        sums[row["incident"]].count(row["gone"], doer, row["at"])
        if row["gone"] < 0:
            back[row["incident"]] -= row["gone"]
    for incident in sorted(sums):
        _add(connection, incident, sums[incident])
    connection.execute(delete(bookings).where(c.id.in_([row["id"] for row in rows])))
    return dict(back)


def add(
    connection: Connection, incident: int, removed: Iterable[tuple[int, Doer, datetime]]
) -> None:
    """Add failures that were gone before they belonged to the incident: how many, by whom, when."""
    total = _Sum()
    for gone, doer, at in removed:
        total.count(gone, doer, at)
    if total.gone:
        _add(connection, incident, total)


def _add(connection: Connection, incident: int, found: _Sum) -> None:
    c = incidents.c
    connection.execute(
        update(incidents)
        .where(c.id == incident)
        .values(
            removed=c.removed + found.gone,
            retried=c.retried + found.retried,
            deleted=c.deleted + found.deleted,
            settled_by=found.last.by if found.last else None,
            settled_how=found.last.how if found.last else None,
            settled_at=found.at,
            stale=True,
        )
    )
    for operation, rows in found.operations.items():
        _of_operation(connection, incident, operation, rows)


def _of_operation(connection: Connection, incident: int, operation: int, rows: int) -> None:
    c = incident_operations.c
    this = (c.incident == incident) & (c.operation == operation)
    grown = update(incident_operations).where(this).values(rows=c.rows + rows)
    if not connection.execute(grown).rowcount:
        row = {"incident": incident, "operation": operation, "rows": rows}
        connection.execute(insert(incident_operations).values(row))
