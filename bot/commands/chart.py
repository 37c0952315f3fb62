"""`/queue chart [24h|7d]`: the queue's counts and the outcomes of its jobs over time."""

from datetime import datetime, timedelta

from pydantic import Field, field_validator

from bot.app.command import Arguments, Command, Result
from bot.app.known_queue import require_known
from bot.app.work import Work
from bot.models.chart import Chart, ChartPoint, Span
from bot.models.metrics import Point, QueueMetrics, bucketed, known, paired, total
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue.layouts import LONGEST_QUEUE
from bot.store.metrics import rollups
from bot.store.reports.day import last_day
from bot.views.context import Context
from bot.views.reports.chart import chart_message

SPANS: tuple[Span, ...] = ("24h", "7d")
"""The points of `24h` cover 2 h, those of `7d` 12 h, because Slack draws at most 20 points."""


class ChartArguments(Arguments):
    """The span of time, and optionally one queue."""

    span: Span = Field(default="24h", json_schema_extra={"positional": "24h|7d"})
    queue: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_QUEUE,
        json_schema_extra={"form": "NAME"},
    )

    @field_validator("span", mode="before")
    @classmethod
    def _one_word(cls, value: object) -> object:
        words = value if isinstance(value, list | tuple) else [value]
        word = " ".join(map(str, words)).lower()
        if word not in SPANS:
            raise ValueError(f"span:{word[:20]}")
        return word


class ChartResult(Result):
    """The points of the chart."""

    data: Chart


def run(work: Work, args: ChartArguments) -> ChartResult:
    """Read hourly metrics and merge them into points; the last point is still incomplete."""
    chart = _last_day(work, args.queue) if args.span == "24h" else _last_week(work, args.queue)
    if all(point.is_gap for point in chart.points):
        require_known(work, args.queue)
    return ChartResult(data=chart)


def _last_day(work: Work, queue: str | None) -> Chart:
    """Return the hours and sums that Home shows, merged into points of 2 h."""
    day = last_day(work.connection, work.queue, work.now, queue)
    failures = [sum(day.new_failures[hour : hour + 2]) for hour in range(0, len(day.points), 2)]
    points = [_point(point, work.now) for point in paired(day.points)]
    return Chart(
        span="24h",
        queue=queue,
        points=tuple(
            point if point.is_gap else point.model_copy(update={"new_failures": count})
            for point, count in zip(points, failures, strict=True)
        ),
        new_failures=sum(day.new_failures),
        processed=None if queue is not None else day.processed,
    )


def _last_week(work: Work, queue: str | None) -> Chart:
    hours, width = 168, 12
    every = rollups.series(
        work.connection,
        work.now,
        timedelta(hours=hours + width),
        rollups.ALL if queue is None else queue,
    )
    periods = bucketed(every, width, work.setup.zone)[-(hours // width) :]
    whole = total(periods) or QueueMetrics()
    return Chart(
        span="7d",
        queue=queue,
        points=tuple(_point(point, work.now) for point in periods),
        new_failures=whole.appeared,
        processed=known(whole.processed),
    )


def _point(point: Point, now: datetime) -> ChartPoint:
    length = min(point.at + point.length, now) - point.at
    seconds, metrics = max(0, int(length.total_seconds())), point.figures
    if metrics is None:
        return ChartPoint(at=point.at, seconds=seconds, watched_seconds=0)
    return ChartPoint(
        at=point.at,
        seconds=seconds,
        watched_seconds=min(seconds, metrics.seconds),
        pending=metrics.pending,
        reserved=metrics.reserved,
        delayed=metrics.delayed,
        failed=metrics.failed,
        oldest_seconds=metrics.oldest_seconds,
        new_failures=metrics.appeared,
        processed=known(metrics.processed),
    )


def view(result: ChartResult, context: Context) -> Message:
    """Show two charts, and the values of the charts as text."""
    return chart_message(result.data, context)


COMMAND = Command(
    name="chart",
    arguments=ChartArguments,
    role=Role.VIEWER,
    result=ChartResult,
    run=run,
    view=view,
    examples=(
        "chart",
        "chart 7d queue=netsuite",
    ),
)
