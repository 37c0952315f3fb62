"""Samples of the chart: a day, a week, a gap, one queue, and a server that reports nothing."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from bot.models.chart import Chart, ChartPoint, Span
from bot.models.requests import Message, Source
from bot.views.context import Context
from bot.views.reports.chart import chart_message, without_charts
from tests.views.samples import Sample
from tests.views.words import NOW, PLAIN, Words

POINTS: dict[Span, tuple[int, int]] = {"24h": (12, 2), "7d": (14, 12)}


def chart(
    span: Span = "24h",
    *,
    queue: str | None = None,
    gap: range = range(0),
    processed: bool = True,
) -> Chart:
    """Return a chart up to now; the points in `gap` have no data."""
    count, hours = POINTS[span]
    begins = NOW.replace(minute=0, second=0) - timedelta(hours=hours * (count - 1))
    points = []
    for number in range(count):
        at, seconds = begins + timedelta(hours=hours * number), hours * 3_600
        if number in gap:
            points.append(ChartPoint(at=at, seconds=seconds, watched_seconds=0))
            continue
        points.append(
            ChartPoint(
                at=at,
                seconds=seconds,
                watched_seconds=seconds,
                pending=1_200 + 7 * number,
                reserved=number % 3,
                delayed=1,
                failed=None if queue is not None else 9,
                oldest_seconds=None if number == 2 else 90 * number,
                new_failures=number % 4,
                processed=1_000 * number if processed and queue is None else None,
            )
        )
    failed = sum(point.new_failures or 0 for point in points)
    done = sum(point.processed or 0 for point in points)
    return Chart(
        span=span,
        queue=queue,
        points=tuple(points),
        new_failures=failed,
        processed=None if queue is not None else done,
    )


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield each chart as a message; one in the terminal, one for a Slack that refuses charts."""

    def shown(data: Chart, ctx: Context) -> Message:
        return chart_message(data, ctx)

    def refused(data: Chart, ctx: Context) -> Message:
        message = chart_message(data, ctx)
        return Message(message.text, tuple(without_charts(message.blocks)))

    yield Sample("chart", partial(shown, chart()))
    yield Sample("chart-week-gap", partial(shown, chart("7d", gap=range(4, 7))))
    yield Sample("chart-refused", partial(refused, chart(gap=range(4, 7))))
    yield Sample("chart-queue", partial(shown, chart(queue=w.queue, gap=range(10))))
    yield Sample("chart-not-known", partial(shown, chart(processed=False)))
    yield Sample("chart-nothing", partial(shown, chart(gap=range(12))))
    yield Sample("chart-terminal", partial(shown, chart()), Source.TERMINAL)
    yield Sample("chart-home", partial(shown, chart()), Source.HOME)
