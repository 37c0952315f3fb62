"""The counts of new and of removed failures, by error group, queue and hour.

Every transaction that adds failures or marks failures removed appends rows here, so that no
transaction waits for another transaction. The watcher aggregates the rows. A count is the sum over
all rows, aggregated or not, so it is always exact.

Both counts belong to the hour in which the job failed, by the wall clock of `failed_at`. The sum
of `appeared - removed` since an hour is the number of jobs that failed since that hour and are
still in `failed_jobs`. The sum of `appeared` is a bar of a chart. An hour is stored as the number
of hours since 1970. Old hours are counted under the first hour of their day; hours older
than `DAYS` days are counted under 0.

Each group and queue also has one aggregated row with the sum of all hours. A read of all failed
jobs adds up these rows and the rows that are not aggregated yet.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
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
"""The number of recent hours (UTC) with separate counts: 24 for charts, 16 for a zone's offset."""
DAYS = 16
"""The number of recent days with separate counts: 14 for a digest, 2 for a zone's offset."""
ALL_HOURS = -1
"""The `hour` of the row with the sum of all aggregated rows of a group and queue."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 compared with wall clocks
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Key:
    """The error group, queue and hour of a count."""

    error_group: int
    queue: str
    hour: int


@dataclass(frozen=True, slots=True)
class Count:
    """The counts of a key; `first_at` and `last_at` are the first and the last new `failed_at`."""

    appeared: int = 0
    removed: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    def __add__(self, other: "Count") -> "Count":
        """Return the sum of the two counts."""
        firsts = [at for at in (self.first_at, other.first_at) if at is not None]
        lasts = [at for at in (self.last_at, other.last_at) if at is not None]
        return Count(
            self.appeared + other.appeared,
            self.removed + other.removed,
            min(firsts, default=None),
            max(lasts, default=None),
        )


def hour_of(moment: datetime) -> int:
    """Return the number of hours from 1970 to the moment's hour, at least 0."""
    return max(0, (moment - _EPOCH) // _HOUR)


def bucket(hour: int, now: datetime) -> int:
    """Return the hour under which failures of this hour are stored."""
    if hour >= hour_of(now) - HOURS:
        return hour
    return hour - hour % 24 if hour >= oldest_day(now) else 0


def oldest_day(now: datetime) -> int:
    """Return the first hour of the oldest day with a separate count."""
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
    """The counts of the failures that a change locked: in total, by incident and by key."""

    rows: int
    incidents: Mapping[int, int]
    counts: Mapping[Key, Count]


def lock_and_count(
    connection: Connection, which: ColumnElement[bool], now: datetime, index: str
) -> RemovedCounts:
    """Lock the failures that match `which` until the transaction ends, and count them.

    The server finds the failures through `index`. The caller compares `rows` with the number of
    rows that it marked, because a failure could be added between the two statements.
    """
    return _summed(connection.execute(for_update(_grouped(connection, which, now, index))))


def count(
    connection: Connection, which: ColumnElement[bool], now: datetime, index: str
) -> RemovedCounts:
    """Count the failures that match `which`, which the caller has locked."""
    return _summed(connection.execute(_grouped(connection, which, now, index)))


def _grouped(
    connection: Connection, which: ColumnElement[bool], now: datetime, index: str
) -> Select[Any]:
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
        # The query also groups by length, because MariaDB treats "mail " and "mail" as equal.
        .group_by(c.error_group, c.queue, length, "hour", c.incident)
    )
    # A server prefers to scan a small table. The scan would wait for every row that another
    # transaction has locked.
    return force_index(grouped, failures, index)


def _summed(grouped: Iterable[Any]) -> RemovedCounts:
    counts: defaultdict[Key, Count] = defaultdict(Count)
    touched: defaultdict[int, int] = defaultdict(int)
    rows = 0
    for group, queue, hour, incident, count in grouped:
        counts[Key(group, queue, int(hour))] += Count(removed=count)
        rows += count
        if incident:
            touched[incident] += count
    return RemovedCounts(rows, touched, counts)


def append_removed(connection: Connection, locked: RemovedCounts) -> None:
    """Append the counts of failures that were marked removed."""
    append(connection, locked.counts, aggregated=False)


def append_restored(connection: Connection, locked: RemovedCounts) -> None:
    """Append the counts of failures that an undo restored; do not count these as new failures."""
    restored = {key: Count(removed=-count.removed) for key, count in locked.counts.items()}
    append(connection, restored, aggregated=False)


def append_removed_batch(connection: Connection, which: ColumnElement[bool], now: datetime) -> None:
    """Append the counts of failures that this transaction marked removed; the server counts."""
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
    """Return `bucket` of a failure's hour as SQL."""
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
    """Insert a row for each key."""
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
