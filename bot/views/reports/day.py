"""The last day as bars of text, which every surface can show."""

from collections.abc import Callable, Sequence

from bot.models.metrics import Point, QueueMetrics, total
from bot.text import Mrkdwn, code, join
from bot.views.context import Context
from bot.views.names import age

BARS = "▁▂▃▄▅▆▇█"
ZERO, GAP = "·", "–"
_NOISE = 600
"""Seconds of an hour by which a check may be late without a note."""


def day_lines(points: Sequence[Point], ctx: Context) -> list[Mrkdwn]:
    """Return the last hours (`rollups.series` of a day) as a row of bars per metric, below a title.

    An unknown metric has no row; an unmonitored hour is a dash.
    """
    texts = ctx.texts
    whole = total(points)
    if whole is None:
        return [texts("chart-none")]
    rows: list[tuple[Mrkdwn, Callable[[QueueMetrics], int | None]]] = [
        (texts("chart-day-pending", count=whole.pending), lambda f: f.pending),
        (texts("chart-day-failures", count=whole.appeared), lambda f: f.appeared),
    ]
    if whole.processed is not None:
        label = texts("chart-day-processed", count=max(0, whole.processed))
        rows.insert(1, (label, lambda f: None if f.processed is None else max(0, f.processed)))
    lines = [texts("chart-day-title", hours=len(points))]
    lines += [join(" ", [code(bar(points, figure)), label]) for label, figure in rows]
    if missing := seconds_missing(points, ctx):
        lines.append(texts("chart-missing", age=age(missing, texts)))
    return lines


def bar(points: Sequence[Point], figure: Callable[[QueueMetrics], int | None]) -> str:
    """Return a bar for each point, scaled to the highest."""
    return bars([None if point.figures is None else figure(point.figures) for point in points])


def bars(values: Sequence[int | None]) -> str:
    """Return a bar for each value, scaled to the highest; a dash for an unknown one."""
    highest = max((value for value in values if value), default=0)
    return "".join(_bar(value, highest) for value in values)


def _bar(value: int | None, highest: int) -> str:
    if value is None:
        return GAP
    return BARS[-(-value * len(BARS) // highest) - 1] if value > 0 else ZERO


def seconds_missing(points: Sequence[Point], ctx: Context) -> int:
    """Return how many seconds of the past time were not monitored."""
    missing = 0
    for point in points:
        over = min(point.at + point.length, ctx.now) - point.at
        watched = 0 if point.figures is None else point.figures.seconds
        unwatched = int(over.total_seconds()) - watched
        missing += unwatched if unwatched > _NOISE else 0
    return missing
