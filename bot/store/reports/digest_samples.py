"""Digest figures from samples: processed jobs, the slowest hours, and gaps in monitoring.

The figures come from the rollups of hours and days. An hour belongs to the day in which it began.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, func, select

from bot.database.transactions import bounded
from bot.models.digest import Backlog, Waited
from bot.models.metrics import QueueMetrics, known
from bot.store.metrics import rollups
from bot.store.metrics.rollups import ALL, DAY, HOUR, MINUTE
from bot.store.reports.digest_days import Days
from bot.store.tables import rollups as table

SECONDS = 1.0
MOMENTS = 3
SLIGHT = 60
"""A shorter time (s) without samples is not a gap, because samples are not exactly on time."""
NEARLY = 0.99
"""Two weeks are compared only if samples counted at least this share of the time."""

_HOUR, _SECOND = timedelta(hours=1), timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Processed:
    """The number of processed jobs in `counted` of `seconds` s; `count` None means unknown."""

    count: int | None
    counted: int
    seconds: int

    @property
    def is_whole(self) -> bool:
        """Whether samples counted the whole time."""
        return self.count is not None and self.seconds - self.counted < SLIGHT

    @property
    def is_nearly_whole(self) -> bool:
        """Whether samples counted enough of the time for a comparison."""
        return self.count is not None and self.counted >= NEARLY * self.seconds


@dataclass(frozen=True, slots=True)
class Sampled:
    """The figures of the days; in `waited`, the slowest hour is first."""

    processed: Processed
    waited: tuple[Waited, ...]
    backlog: Backlog | None
    gap_seconds: int


def sampled(connection: Connection, days: Days) -> Sampled:
    """Return the sampled figures of these days; raises `TooSlow`."""
    since, until = _whole_hour(days.since), _whole_hour(days.until)
    points = rollups.hours(connection, since, until)
    figures_at = [(point.at, point.figures) for point in points if point.figures is not None]
    length = (until - since) // _SECOND
    gap = length - sum(figures.seconds for _, figures in figures_at)
    most = max(figures_at, key=lambda item: item[1].pending, default=None)
    return Sampled(
        processed=_processed([figures for _, figures in figures_at], length),
        waited=_waited(connection, since, until),
        backlog=None
        if most is None or not most[1].pending
        else Backlog(at=most[0], pending=most[1].pending),
        gap_seconds=0 if gap < SLIGHT else gap,
    )


def processed(connection: Connection, days: Days) -> Processed:
    """Return the processed jobs of days that were rolled up before; raise `TooSlow`."""
    c = table.c
    query = select(c.processed, c.seconds).where(
        c.span == DAY, c.at >= days.since, c.at < days.until, c.queue == ALL
    )
    rows = bounded(connection, query, SECONDS).all()
    figures = [QueueMetrics(processed=row.processed, seconds=row.seconds) for row in rows]
    return _processed(figures, (days.until - days.since) // _SECOND)


def _processed(figures: Sequence[QueueMetrics], seconds: int) -> Processed:
    counted = [part for part in figures if part.processed is not None]
    total = known(sum(part.processed or 0 for part in counted)) if counted else None
    return Processed(total, sum(part.seconds for part in counted), seconds)


def _whole_hour(moment: datetime) -> datetime:
    """Return the moment or the next full UTC hour; some zones differ by half an hour."""
    return moment + (datetime.min - moment) % _HOUR  # noqa: DTZ901 naive UTC


def _waited(connection: Connection, since: datetime, until: datetime) -> tuple[Waited, ...]:
    """Return the hours with the longest waiting jobs; read minutes for hours without a rollup."""
    c = table.c
    last = select(func.max(c.at)).where(c.span == HOUR)
    rolled = bounded(connection, last, SECONDS).scalar()
    oldest = _oldest(connection, HOUR, since, until)
    oldest += _oldest(connection, MINUTE, since if rolled is None else rolled + _HOUR, until)
    highest: dict[datetime, RowMapping] = {}
    for row in oldest:
        hour = row["at"].replace(minute=0)
        if hour not in highest or row["oldest_seconds"] > highest[hour]["oldest_seconds"]:
            highest[hour] = row
    slowest = sorted(highest.items(), key=lambda item: (-item[1]["oldest_seconds"], item[0]))
    return tuple(
        Waited(at=at, queue=row["queue"], seconds=row["oldest_seconds"])
        for at, row in slowest[:MOMENTS]
    )


def _oldest(
    connection: Connection, span: str, since: datetime, until: datetime
) -> list[RowMapping]:
    """Return the span's rows with the oldest jobs; these are enough rows for `MOMENTS` hours."""
    c = table.c
    query = (
        select(c.at, c.queue, c.oldest_seconds)
        .where(c.span == span, c.at >= since, c.at < until, c.queue != ALL, c.oldest_seconds > 0)
        .order_by(c.oldest_seconds.desc(), c.at)
        .limit(MOMENTS * (rollups.QUEUES if span == HOUR else rollups.QUEUES * 60))
    )
    return list(bounded(connection, query, SECONDS).mappings())
