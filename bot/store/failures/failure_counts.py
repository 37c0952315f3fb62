"""Counts of failures that appeared and were removed, by error group, queue and hour.

Every transaction that adds failures or marks them removed appends rows here, so that no transaction
waits for another; the watcher aggregates the rows. The counts are exact at any moment: they are the
sums over all rows, aggregated or not.

Both counts belong to the hour in which the job failed, by the wall clock of `failed_at`. So the sum
of `appeared - removed` from an hour on is the number of jobs that failed since then and are still
in `failed_jobs`; the sum of `appeared` is the bar of a chart. An hour is stored as the number of
hours since 1970. Old hours are counted under the first hour of their day, and still older ones
under 0.

Each group and queue also has one aggregated row with the sum of its hours. A read of all failed
jobs adds these rows and the rows not aggregated yet.
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
"""Number of recent hours (UTC) with separate counts: 24 for charts, and a zone's offset."""
DAYS = 16
"""Number of recent days with separate counts: a digest's two weeks, and a zone's offset."""
ALL_HOURS = -1
"""The hour of a row that is the sum of the aggregated rows of its group and queue."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 compared with wall clocks
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a count."""

    error_group: int
    queue: str
    hour: int


@dataclass(frozen=True, slots=True)
class Count:
    """The counts; `first_at` and `last_at` are the first and the last `failed_at` that appeared."""

    appeared: int = 0
    removed: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    def __add__(self, other: "Count") -> "Count":
        """Return the sum of both."""
        firsts = [at for at in (self.first_at, other.first_at) if at is not None]
        lasts = [at for at in (self.last_at, other.last_at) if at is not None]
        return Count(
            self.appeared + other.appeared,
            self.removed + other.removed,
            min(firsts, default=None),
            max(lasts, default=None),
        )


def hour_of(moment: datetime) -> int:
    """Return the number of the moment's hour since 1970, never below 0."""
    return max(0, (moment - _EPOCH) // _HOUR)


def bucket(hour: int, now: datetime) -> int:
    """Return the hour under which failures of this hour are counted."""
    if hour >= hour_of(now) - HOURS:
        return hour
    return hour - hour % 24 if hour >= oldest_day(now) else 0


def oldest_day(now: datetime) -> int:
    """Return the first hour of the oldest day that is kept separately."""
    today = hour_of(now) // 24
    return 24 * (today - DAYS)


def append_added(
    connection: Connection, entries: Iterable[Mapping[str, Any]], now: datetime
) -> None:
    """Append the counts of failures that were added to the index."""
    counts: defaultdict[Key, Count] = defaultdict(Count)
    for entry in entries:
        at = entry["failed_at"]
        key = Key(entry["error_group"], entry["queue"], bucket(hour_of(at), now))
        counts[key] += Count(appeared=1, first_at=at, last_at=at)
    append(connection, counts, aggregated=False)


@dataclass(frozen=True, slots=True)
class RemovedCounts:
    """The counts of locked failures before a change: in total, by incident and by key."""

    rows: int
    incidents: Mapping[int, int]
    counts: Mapping[Key, Count]


def lock_and_count(
    connection: Connection, which: ColumnElement[bool], now: datetime, index: str
) -> RemovedCounts:
    """Lock the failures that match `which` until the transaction ends, and count them.

    The server finds them by `index`. The caller compares `rows` with the number of
    rows that it marked, because a failure could be added between the two statements.
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
        # The length is a key too, because MariaDB treats "mail " and "mail" as equal.
        .group_by(c.error_group, c.queue, length, "hour", c.incident)
    )
    # A server prefers a scan of a small table, but a scan would wait for every row that another
    # transaction has locked.
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
    """Append the counts of failures that an undo restored: they did not appear a second time."""
    restored = {key: Count(removed=-count.removed) for key, count in locked.counts.items()}
    append(connection, restored, aggregated=False)


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
    """Insert one row for each key."""
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
