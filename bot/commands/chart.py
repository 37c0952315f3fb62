"""`/queue chart [24h|7d]`: the queue's counts and the outcomes of its jobs over time."""

from datetime import datetime, timedelta

from pydantic import Field, field_validator

from bot.app.command import Arguments, Command, Result, Work
from bot.app.known_queue import require_known
from bot.models.chart import Chart, ChartPoint, Span
from bot.models.metrics import Point, bucketed
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue.layouts import LONGEST_QUEUE
from bot.store.metrics import rollups
from bot.views.context import Context
from bot.views.reports.chart import chart_message

HOURS: dict[Span, tuple[int, int]] = {"24h": (24, 2), "7d": (168, 12)}
"""The hours of each span and of one point; Slack draws at most twenty points."""


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
        if word not in HOURS:
            raise ValueError(f"span:{word[:20]}")
        return word


class ChartResult(Result):
    """The points."""

    data: Chart


def run(work: Work, args: ChartArguments) -> ChartResult:
    """Read the hours and merge them into points."""
    hours, width = HOURS[args.span]
    queue = rollups.ALL if args.queue is None else args.queue
    # The last point of the span is the current one, which is not complete yet.
    every = rollups.series(work.connection, work.now, timedelta(hours=hours + width), queue)
    points = bucketed(every, width, work.setup.zone)[-(hours // width) :]
    if not any(point.figures for point in points):
        require_known(work, args.queue)
    return ChartResult(
        data=Chart(
            span=args.span,
            queue=args.queue,
            points=tuple(_point(point, work.now) for point in points),
        )
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
        processed=None if metrics.processed is None else max(0, metrics.processed),
    )


def view(result: ChartResult, context: Context) -> Message:
    """Show two charts and their values as text."""
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
