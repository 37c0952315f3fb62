"""What is known of a queue over some time: the highest of what there was, sums of what happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.wall_clock import from_utc


@dataclass(frozen=True, slots=True)
class QueueMetrics:
    """A queue over some time: the highest of what there was, the sums of what happened.

    `delayed` jobs are among the pending ones; `oldest_seconds` is the age of the oldest available
    job, None where there was none. `appeared` are new failures. None in `failed` and `processed`:
    not known. The sums are of `seconds` of the time; `left_out`: queues without rows of their own.
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
        """By which the queues are chosen that have rows of their own."""
        return self.pending + self.reserved + self.appeared

    def __add__(self, other: "QueueMetrics") -> "QueueMetrics":
        """Both together."""
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
    """A stretch of time and what is known of it; no `figures`: the bot did not look."""

    at: datetime
    length: timedelta
    figures: QueueMetrics | None


def _highest(one: int | None, other: int | None) -> int | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _processed(one: QueueMetrics, other: QueueMetrics) -> int | None:
    """The sum; not known where a part of the time that was watched is not."""
    parts = [part for part in (one, other) if part.seconds or part.processed is not None]
    if not parts or any(part.processed is None for part in parts):
        return None
    return sum(part.processed or 0 for part in parts)


def total(points: Iterable[Point]) -> QueueMetrics | None:
    """All of them together; None where nothing is known at all."""
    known = [point.figures for point in points if point.figures is not None]
    return sum(known[1:], known[0]) if known else None


def bucketed(points: Iterable[Point], hours: int, zone: ZoneInfo) -> list[Point]:
    """The hours together by stretches of so many, counted from midnight of the zone's clocks.

    One in which the clocks are changed is an hour longer or shorter.
    """
    found: dict[datetime, list[Point]] = {}
    for point in points:
        shown = from_utc(point.at, zone)
        begins = shown.replace(hour=shown.hour - shown.hour % hours, minute=0)
        found.setdefault(begins, []).append(point)
    return [
        Point(parts[0].at, sum((part.length for part in parts), timedelta()), total(parts))
        for parts in found.values()
    ]
