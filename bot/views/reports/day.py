"""The last 24 hours as bars of text, which Home, messages and terminals can all show."""

from collections.abc import Callable, Sequence

from bot.models.metrics import Day, Point, QueueMetrics, known, total
from bot.text import Mrkdwn, code, join
from bot.views.context import Context
from bot.views.names import age

BARS = "▁▂▃▄▅▆▇█"
ZERO, GAP = "·", "–"
_NOISE = 600
"""An hour without monitoring for at most this many seconds gets no note."""


def day_lines(day: Day, ctx: Context) -> list[Mrkdwn]:
    """Return a title, and the last hours as a row of bars per metric.

    A dash means an unknown value or an unmonitored hour.
    """
    texts, points = ctx.texts, day.points
    whole = total(points)
    if whole is None:
        return [texts("chart-none")]
    processed = (
        texts("chart-day-processed-unknown")
        if day.processed is None
        else texts("chart-day-processed", count=day.processed)
    )
    rows = [
        (bar(points, lambda f: f.pending), texts("chart-day-pending", count=whole.pending)),
        (bar(points, lambda f: known(f.processed)), processed),
        (bars(day.new_failures), texts("chart-day-failures", count=sum(day.new_failures))),
    ]
    lines = [texts("chart-day-title", hours=len(points))]
    lines += [join(" ", [code(row), label]) for row, label in rows]
    if missing := seconds_missing(points, ctx):
        lines.append(texts("chart-missing", age=age(missing, texts)))
    return lines


def bar(points: Sequence[Point], figure: Callable[[QueueMetrics], int | None]) -> str:
    """Return a bar for each point, scaled to the highest value."""
    return bars([None if point.figures is None else figure(point.figures) for point in points])


def bars(values: Sequence[int | None]) -> str:
    """Return a bar for each value, scaled to the highest value. A dash means an unknown value."""
    highest = max((value for value in values if value), default=0)
    return "".join(_bar(value, highest) for value in values)


def _bar(value: int | None, highest: int) -> str:
    if value is None:
        return GAP
    return BARS[-(-value * len(BARS) // highest) - 1] if value > 0 else ZERO


def seconds_missing(points: Sequence[Point], ctx: Context) -> int:
    """Return how many seconds of the points were not monitored; future time does not count."""
    missing = 0
    for point in points:
        over = min(point.at + point.length, ctx.now) - point.at
        watched = 0 if point.figures is None else point.figures.seconds
        unwatched = int(over.total_seconds()) - watched
        missing += unwatched if unwatched > _NOISE else 0
    return missing
