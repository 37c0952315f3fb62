"""Rollups of samples: maxima and sums for each minute, hour and day that has a sample.

The sampler writes the minutes. After the end of an hour, one transaction computes the hour's rows
from its minutes and replaces them. A day's rows are computed from its hours. Times are naive UTC;
a day begins at midnight in the queue's time zone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, delete, insert, select

from bot.models.metrics import Point, QueueMetrics
from bot.store.tables import rollups
from bot.wall_clock import from_utc, to_utc

MINUTE, HOUR, DAY = "minute", "hour", "day"
ALL = ""
"""The queue name in rows for all queues together."""
QUEUES = 20
"""The number of queues with separate rows: the busiest queues of the span."""

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
LATE = timedelta(minutes=5)
"""A sample of an hour's last minute is written at most this late."""
KEPT = {
    MINUTE: timedelta(hours=26),
    # This covers the week before yesterday, from the start of the week's first day.
    HOUR: timedelta(days=10),
    DAY: timedelta(days=400),
}
PURGED_AT_ONCE = 1_000


def stored_name(queue: str) -> str:
    """Return a queue's name without final spaces; servers treat `mail ` and `mail` as one key."""
    return queue.rstrip(" ")


def add_sample(connection: Connection, at: datetime, by_queue: Mapping[str, QueueMetrics]) -> None:
    """Add a sample to its minute. In `by_queue`, `ALL` has the figures of all queues together.

    The caller holds the watcher's lease, so only one process adds samples.
    """
    minute = at.replace(second=0, microsecond=0)
    rows = _rows(connection, MINUTE, minute, minute + _MINUTE)
    _replace(connection, MINUTE, minute, [*_by_queue(rows), *by_queue.items()])


def put_hour(connection: Connection, hour: datetime, by_queue: Mapping[str, QueueMetrics]) -> None:
    """Replace the figures of an hour without its minutes; `by_queue` is as in `add_sample`."""
    _replace(connection, HOUR, hour, by_queue.items())


def roll_hour(connection: Connection, now: datetime) -> bool:
    """Roll up the next hour that has ended; return False if no hour has ended."""
    first = _first(connection, MINUTE, _rolled(connection))
    if first is None:
        return False
    hour = first.replace(minute=0)
    if now < hour + _HOUR + LATE:
        return False
    _replace(connection, HOUR, hour, _by_queue(_rows(connection, MINUTE, hour, hour + _HOUR)))
    return True


def roll_day(connection: Connection, now: datetime, zone: ZoneInfo) -> bool:
    """Roll up the next day whose hours are all rolled up; return False if there is no such day."""
    last = _last(connection, DAY)
    first = _first(connection, HOUR, None if last is None else day_of(last, zone)[1])
    if first is None:
        return False
    day, end = day_of(first, zone)
    waiting = _first(connection, MINUTE, _rolled(connection))
    if now < end + LATE or (waiting is not None and waiting < end):
        return False
    _replace(connection, DAY, day, _by_queue(_rows(connection, HOUR, day, end)))
    return True


def day_of(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the start and the end of the moment's day in the time zone, in naive UTC."""
    midnight = from_utc(moment, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return to_utc(midnight, zone), to_utc(midnight + timedelta(days=1), zone)


def purge(connection: Connection, now: datetime, zone: ZoneInfo) -> int:
    """Delete one batch of old rows of each span, if they are rolled up; return their number."""
    hours_end, day = _rolled(connection), _last(connection, DAY)
    ends = {
        MINUTE: hours_end,
        HOUR: None if day is None else day_of(day, zone)[1],
        DAY: now,
    }
    return sum(
        _purge(connection, span, min(now - KEPT[span], end))
        for span, end in ends.items()
        if end is not None
    )


def _purge(connection: Connection, span: str, before: datetime) -> int:
    c = rollups.c
    old = select(c.at).where(c.span == span, c.at < before).order_by(c.at).limit(PURGED_AT_ONCE)
    moments = connection.execute(old).scalars().all()
    if not moments:
        return 0
    within = and_(c.span == span, c.at <= moments[-1])
    return connection.execute(delete(rollups).where(within)).rowcount


def series(connection: Connection, now: datetime, span: timedelta, queue: str = ALL) -> list[Point]:
    """Return the hours of the last `span`, the oldest first, including the running hour."""
    end = now.replace(minute=0, second=0, microsecond=0) + _HOUR
    return hours(connection, end - span, end, queue)


def hours(
    connection: Connection, since: datetime, until: datetime, queue: str = ALL
) -> list[Point]:
    """Return each hour from `since` to `until`, which are full hours; hours are kept 10 days.

    A queue without a row had no jobs, except if queues were left out in that hour.
    """
    queue = stored_name(queue)
    rolled = _rolled(connection)
    rows = _rows(connection, HOUR, since, until, queue)
    rows += _rows(connection, MINUTE, max(since, rolled or since), until, queue)
    by_hour: dict[datetime, dict[str, QueueMetrics]] = defaultdict(dict)
    for at, name, figures in rows:
        hour = by_hour[at.replace(minute=0)]
        hour[name] = hour[name] + figures if name in hour else figures
    steps = range((until - since) // _HOUR)
    return [Point(at, _HOUR, _of(by_hour[at], queue)) for at in (since + _HOUR * n for n in steps)]


def minutes(
    connection: Connection, since: datetime, now: datetime, queue: str
) -> dict[datetime, dict[str, QueueMetrics]]:
    """Return each sampled minute from `since` to now, with the rows of `ALL` and of the queue."""
    by_minute: dict[datetime, dict[str, QueueMetrics]] = defaultdict(dict)
    for at, name, figures in _rows(connection, MINUTE, since, now + _MINUTE, queue):
        by_minute[at][name] = figures
    return by_minute


def _of(by_queue: Mapping[str, QueueMetrics], queue: str) -> QueueMetrics | None:
    whole, own = by_queue.get(ALL), by_queue.get(queue)
    if whole is None or (own is None and whole.left_out):
        return None
    return replace(own or QueueMetrics(), looks=whole.looks, seconds=whole.seconds)


def _rolled(connection: Connection) -> datetime | None:
    """Return the end of the last hour that was rolled up."""
    last = _last(connection, HOUR)
    return None if last is None else last + _HOUR


def _last(connection: Connection, span: str) -> datetime | None:
    c = rollups.c
    newest = select(c.at).where(c.span == span).order_by(c.at.desc()).limit(1)
    return connection.execute(newest).scalar()


def _first(connection: Connection, span: str, since: datetime | None) -> datetime | None:
    c = rollups.c
    oldest = select(c.at).where(c.span == span).order_by(c.at).limit(1)
    return connection.execute(oldest if since is None else oldest.where(c.at >= since)).scalar()


def _rows(
    connection: Connection, span: str, since: datetime, until: datetime, queue: str | None = None
) -> list[tuple[datetime, str, QueueMetrics]]:
    """Return the rows of a span in [since, until); with `queue`, only of the queue and of `ALL`."""
    c = rollups.c
    query = select(rollups).where(c.span == span, c.at >= since, c.at < until)
    if queue is not None:
        query = query.where(c.queue.in_({ALL, queue}))
    return [
        (row["at"], row["queue"], QueueMetrics(**{name: row[name] for name in _FIGURES}))
        for row in connection.execute(query).mappings()
    ]


_FIGURES = tuple(field.name for field in fields(QueueMetrics))


def _by_queue(
    rows: Iterable[tuple[datetime, str, QueueMetrics]],
) -> Iterable[tuple[str, QueueMetrics]]:
    return [(name, figures) for _, name, figures in rows]


def _replace(
    connection: Connection, span: str, at: datetime, parts: Iterable[tuple[str, QueueMetrics]]
) -> None:
    """Replace all rows of one time: add up each queue's parts, and store the busiest queues."""
    by_queue: dict[str, QueueMetrics] = {}
    for name, figures in parts:
        by_queue[name] = by_queue[name] + figures if name in by_queue else figures
    whole = by_queue.pop(ALL, QueueMetrics())
    ranked = sorted(by_queue, key=lambda name: (-by_queue[name].busy, name))
    left_out = max(whole.left_out, len(ranked) - QUEUES)
    rows = {ALL: replace(whole, left_out=left_out)}
    rows |= {name: by_queue[name] for name in ranked[:QUEUES]}
    c = rollups.c
    connection.execute(delete(rollups).where(c.span == span, c.at == at))
    connection.execute(
        insert(rollups),
        [
            {"span": span, "at": at, "queue": name, **asdict(figures)}
            for name, figures in rows.items()
        ],
    )
