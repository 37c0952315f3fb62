"""The last day as bars of text, which every surface shows."""

from collections.abc import Callable, Sequence

from bot.models.metrics import Point, QueueMetrics, total
from bot.text import Mrkdwn, code, join
from bot.views.context import Context
from bot.views.names import age

BARS = "▁▂▃▄▅▆▇█"
ZERO, GAP = "·", "–"
_NOISE = 600
"""Seconds of an hour in which a look may be late without a word about it."""


def day_lines(points: Sequence[Point], ctx: Context) -> list[Mrkdwn]:
    """The last hours (`rollups.series` of a day) as a row of bars for each figure, below a title.

    What is not known has no row; an hour that nobody watched is a dash.
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
    """A bar for each point, the highest as high as it gets."""
    values = [None if point.figures is None else figure(point.figures) for point in points]
    highest = max((value for value in values if value), default=0)
    return "".join(_bar(value, highest) for value in values)


def _bar(value: int | None, highest: int) -> str:
    if value is None:
        return GAP
    return BARS[-(-value * len(BARS) // highest) - 1] if value > 0 else ZERO


def seconds_missing(points: Sequence[Point], ctx: Context) -> int:
    """How much of the time that is over nobody watched, in seconds."""
    missing = 0
    for point in points:
        over = min(point.at + point.length, ctx.now) - point.at
        watched = 0 if point.figures is None else point.figures.seconds
        unwatched = int(over.total_seconds()) - watched
        missing += unwatched if unwatched > _NOISE else 0
    return missing
