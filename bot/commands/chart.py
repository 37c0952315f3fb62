"""`/queue chart [24h|7d]`: what the queue was like, and what became of its jobs."""

from datetime import datetime, timedelta

from pydantic import Field, field_validator

from bot.app.command import Arguments, Command, Result, Work
from bot.models.chart import Chart, ChartPoint, Span
from bot.models.metrics import Point, bucketed
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue.layouts import LONGEST_QUEUE
from bot.store.metrics import rollups
from bot.views.context import Context
from bot.views.reports.chart import chart_message

HOURS: dict[Span, tuple[int, int]] = {"24h": (24, 2), "7d": (168, 12)}
"""Of each span its hours, and the hours of a point: Slack draws up to twenty of them."""


class ChartArguments(Arguments):
    """How far back, and one queue."""

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
    """Read the hours and put them together."""
    hours, width = HOURS[args.span]
    queue = rollups.ALL if args.queue is None else args.queue
    # The point that is under way is the last of as many as there are in the span.
    every = rollups.series(work.connection, work.now, timedelta(hours=hours + width), queue)
    points = bucketed(every, width, work.setup.zone)[-(hours // width) :]
    return ChartResult(
        data=Chart(
            span=args.span,
            queue=args.queue,
            points=tuple(_point(point, work.now) for point in points),
        )
    )


def _point(point: Point, now: datetime) -> ChartPoint:
    over = min(point.at + point.length, now) - point.at
    seconds, found = max(0, int(over.total_seconds())), point.figures
    if found is None:
        return ChartPoint(at=point.at, seconds=seconds, watched_seconds=0)
    return ChartPoint(
        at=point.at,
        seconds=seconds,
        watched_seconds=min(seconds, found.seconds),
        pending=found.pending,
        reserved=found.reserved,
        delayed=found.delayed,
        failed=found.failed,
        oldest_seconds=found.oldest_seconds,
        new_failures=found.appeared,
        processed=None if found.processed is None else max(0, found.processed),
    )


def view(result: ChartResult, context: Context) -> Message:
    """Two charts and their figures as text."""
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
