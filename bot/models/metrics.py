"""The metrics of a queue in a period: the highest counts, and the sums of events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.wall_clock import from_utc


@dataclass(frozen=True, slots=True)
class QueueMetrics:
    """The metrics of a queue in a period: the highest counts, and the sums of events.

    `pending` includes `delayed`. `oldest_seconds` is the age of the oldest available job, or None
    if no job was available. `appeared` counts new failures. `failed` and `processed` are None if
    unknown. The sums cover `seconds` of the period. `left_out` is the number of queues without a
    row in `rollups`, because only the busiest queues have rows.
    """

    pending: int = 0
    reserved: int = 0
    delayed: int = 0
    failed: int | None = None
    oldest_seconds: int | None = None
    appeared: int = 0
    processed: int | None = None
    looks: int = 0
    seconds: int = 0
    left_out: int = 0

    @property
    def busy(self) -> int:
        """Return how busy the queue is; only the busiest queues get a row in `rollups`."""
        return self.pending + self.reserved + self.appeared

    def __add__(self, other: "QueueMetrics") -> "QueueMetrics":
        """Return the combined metrics of two periods or two queues."""
        return QueueMetrics(
            pending=max(self.pending, other.pending),
            reserved=max(self.reserved, other.reserved),
            delayed=max(self.delayed, other.delayed),
            failed=_highest(self.failed, other.failed),
            oldest_seconds=_highest(self.oldest_seconds, other.oldest_seconds),
            appeared=self.appeared + other.appeared,
            processed=_processed(self, other),
            looks=self.looks + other.looks,
            seconds=self.seconds + other.seconds,
            left_out=max(self.left_out, other.left_out),
        )


@dataclass(frozen=True, slots=True)
class Point:
    """A period with its metrics. `figures` is None if monitoring was off."""

    at: datetime
    length: timedelta
    figures: QueueMetrics | None


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours: their samples, and the new failures of each hour by `failed_at`.

    `processed` is the sum of all hours, or None if a monitored part is unknown.
    """

    points: tuple[Point, ...] = ()
    new_failures: tuple[int, ...] = ()
    processed: int | None = None


def known(count: int | None) -> int | None:
    """Return the count, or None if the count is negative and therefore wrong."""
    return None if count is None or count < 0 else count


def paired(points: Sequence[Point]) -> list[Point]:
    """Combine the hours in pairs, starting with the first hour."""
    pairs = [points[first : first + 2] for first in range(0, len(points), 2)]
    return [
        Point(pair[0].at, sum((point.length for point in pair), timedelta()), total(pair))
        for pair in pairs
    ]


def _highest(one: int | None, other: int | None) -> int | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _processed(one: QueueMetrics, other: QueueMetrics) -> int | None:
    """Return the sum, or None if a monitored part has no count of processed jobs."""
    parts = [part for part in (one, other) if part.seconds or part.processed is not None]
    if not parts or any(part.processed is None for part in parts):
        return None
    return sum(part.processed or 0 for part in parts)


def total(points: Iterable[Point]) -> QueueMetrics | None:
    """Return the combined metrics of all points, or None if no point has metrics."""
    metrics = [point.figures for point in points if point.figures is not None]
    return sum(metrics[1:], metrics[0]) if metrics else None


def bucketed(points: Iterable[Point], hours: int, zone: ZoneInfo) -> list[Point]:
    """Combine hours into periods of `hours`, counted from midnight in `zone`.

    A period with a change of the clocks is one hour longer or shorter.
    """
    periods: dict[datetime, list[Point]] = {}
    for point in points:
        local = from_utc(point.at, zone)
        begins = local.replace(hour=local.hour - local.hour % hours, minute=0)
        periods.setdefault(begins, []).append(point)
    return [
        Point(parts[0].at, sum((part.length for part in parts), timedelta()), total(parts))
        for parts in periods.values()
    ]
