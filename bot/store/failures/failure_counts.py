"""How many failures appeared and were removed, by error group, queue and hour: never counted.

Every transaction that adds failures or marks them removed appends rows here, so that no transaction
waits for another; the watcher aggregates the rows. The counts are exact at any moment: they are the
sums over all rows, aggregated or not.

Both counts stand under the hour in which the job failed, by the wall clock of `failed_at`: so the
sum of `appeared - removed` from an hour on is how many of those that failed since are still there,
and the sum of `appeared` is what a bar of the last hours shows. An hour is its number since 1970.
What is older than a person asks for by the hour stands under the first hour of its day, and what is
older still under 0.

Aggregated rows have one more for each group and queue, the sum of its hours: a read of all failures
that are there sums these rows and those that are not aggregated yet.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    false,
    func,
    insert,
    literal,
    select,
)

from bot.database.dialects import force_index, hours_since_1970
from bot.queue.moves import for_update
from bot.store.tables import failure_counts, failures

HOURS = 40
"""How long hours are kept apart, by UTC: 24 h to be shown, and what a zone may lie behind."""
DAYS = 16
"""How long days are: up to a week that a digest tells of, the week before it, and the zone."""
ALL_HOURS = -1
"""The hour of a row that is the sum of the aggregated rows of its group and queue."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 compared with wall clocks
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Key:
    """What is counted apart."""

    error_group: int
    queue: str
    hour: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many; `first_at` and `last_at` are the `failed_at` of the first and last to appear."""

    appeared: int = 0
    removed: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    def __add__(self, other: "Count") -> "Count":
        """Both together."""
        firsts = [at for at in (self.first_at, other.first_at) if at is not None]
        lasts = [at for at in (self.last_at, other.last_at) if at is not None]
        return Count(
            self.appeared + other.appeared,
            self.removed + other.removed,
            min(firsts, default=None),
            max(lasts, default=None),
        )


def hour_of(moment: datetime) -> int:
    """The number of the moment's hour since 1970, never below 0."""
    return max(0, (moment - _EPOCH) // _HOUR)


def bucket(hour: int, now: datetime) -> int:
    """Return the hour under which failures of this hour are counted."""
    if hour >= hour_of(now) - HOURS:
        return hour
    return hour - hour % 24 if hour >= oldest_day(now) else 0


def oldest_day(now: datetime) -> int:
    """The first hour of the oldest day that is kept apart."""
    today = hour_of(now) // 24
    return 24 * (today - DAYS)


def append_added(
    connection: Connection, entries: Iterable[Mapping[str, Any]], now: datetime
) -> None:
    """Append the counts of failures that were added to the index."""
    found: defaultdict[Key, Count] = defaultdict(Count)
    for entry in entries:
        at = entry["failed_at"]
        key = Key(entry["error_group"], entry["queue"], bucket(hour_of(at), now))
        found[key] += Count(appeared=1, first_at=at, last_at=at)
    append(connection, found, aggregated=False)


@dataclass(frozen=True, slots=True)
class RemovedCounts:
    """Locked failures that are about to change: how many, how many by incident, and by key."""

    rows: int
    incidents: Mapping[int, int]
    counts: Mapping[Key, Count]


def lock_and_count(
    connection: Connection, which: ColumnElement[bool], now: datetime, index: str
) -> RemovedCounts:
    """Lock the failures for which `which` holds until the transaction ends, and count them.

    `index` finds them. The caller compares `rows` with what it marked: between the two statements
    no locked failure can be removed, but a new one could be added.
    """
    c = failures.c
    length = func.length(c.queue)
    grouped = (
        select(
            c.error_group,
            c.queue,
            _bucket(connection, now).label("hour"),
            c.incident,
            func.count().label("rows"),
        )
        .where(which)
        # The length, because MariaDB takes "mail " for "mail".
        .group_by(c.error_group, c.queue, length, "hour", c.incident)
    )
    # A scan, which a server prefers where there are few, would wait for every row that somebody
    # else has locked.
    grouped = force_index(grouped, failures, index)
    counts: defaultdict[Key, Count] = defaultdict(Count)
    touched: defaultdict[int, int] = defaultdict(int)
    rows = 0
    for group, queue, hour, incident, count in connection.execute(for_update(grouped)):
        counts[Key(group, queue, int(hour))] += Count(removed=count)
        rows += count
        if incident:
            touched[incident] += count
    return RemovedCounts(rows, touched, counts)


def append_removed(connection: Connection, locked: RemovedCounts) -> None:
    """Append the counts of failures that were marked removed."""
    append(connection, locked.counts, aggregated=False)


def append_restored(connection: Connection, locked: RemovedCounts) -> None:
    """Append the counts of removed failures that an undo put back: they appeared only once."""
    again = {key: Count(removed=-count.removed) for key, count in locked.counts.items()}
    append(connection, again, aggregated=False)


def append_removed_batch(connection: Connection, which: ColumnElement[bool], now: datetime) -> None:
    """Append the counts of failures that this transaction marked removed, inside the server."""
    c = failures.c
    hour = _bucket(connection, now).label("hour")
    counted = (
        select(c.error_group, func.min(c.queue), hour, literal(0), func.count(), false())
        .where(which)
        .group_by(c.error_group, c.queue, func.length(c.queue), "hour")
    )
    columns = ("error_group", "queue", "hour", "appeared", "removed", "aggregated")
    connection.execute(insert(failure_counts).from_select(columns, counted))


def _bucket(connection: Connection, now: datetime) -> ColumnElement[int]:
    """`bucket` of a failure's hour, computed in the server."""
    at = failures.c.failed_at
    hour = hours_since_1970(connection, at)
    hours_from = _EPOCH + (hour_of(now) - HOURS) * _HOUR
    days_from = _EPOCH + oldest_day(now) * _HOUR
    return case(
        (at < days_from, 0),
        (at < hours_from, hour - hour % 24),
        else_=hour,
    )


def append(connection: Connection, counts: Mapping[Key, Count], *, aggregated: bool) -> None:
    """Put in a row a key."""
    rows = [
        {
            "error_group": key.error_group,
            "queue": key.queue,
            "hour": key.hour,
            "appeared": count.appeared,
            "removed": count.removed,
            "first_at": count.first_at,
            "last_at": count.last_at,
            "aggregated": aggregated,
        }
        for key, count in counts.items()
    ]
    if rows:
        connection.execute(insert(failure_counts), rows)
