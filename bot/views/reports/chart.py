"""`/queue chart`: two Slack charts and rows of bars, with their data also as a table and as text.

All lines of a Slack chart share one scale, and a message has at most two charts. Therefore a chart
shows only counts of similar size. Every other metric is a row of bars with its own scale. Slack
requires a value in every category of a chart. Therefore a chart omits the categories of an
unmonitored period, and the label of the next category begins with the gap sign. Limits:
docs.slack.dev/reference/block-kit/blocks/data-visualization-block.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.models.chart import Chart, ChartPoint
from bot.models.requests import Block, Message
from bot.text import Mrkdwn, Plain, Texts, code, escape, join, plain_line
from bot.views.blocks import (
    context_line,
    data_table,
    message,
    number_cell,
    section,
    sections,
    text_cell,
)
from bot.views.context import Context
from bot.views.names import age, dots, queue_name
from bot.views.reports.day import bars

TITLE, LABEL, AXIS = 50, 20, 50
GAP = "⋯ "
NOTHING = "–"
CHART = "data_visualization"
NOISE = 600
"""The message mentions only gaps of monitoring that are longer than this many seconds."""


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One line of a chart: the key of its name, and its value at a point (None: unknown)."""

    word: str
    of: Callable[[ChartPoint], int | None]


def _oldest(point: ChartPoint) -> int | None:
    """Return the age of the oldest available job in seconds, or 0 if no job was available."""
    return None if point.is_gap else point.oldest_seconds or 0


QUEUED = (
    ChartSeries("pending", lambda point: point.pending),
    ChartSeries("reserved", lambda point: point.reserved),
)
FAILURES = (ChartSeries("failures", lambda point: point.new_failures),)
PROCESSED = ChartSeries("processed", lambda point: point.processed)
FAILED = ChartSeries("failed", lambda point: point.failed)
OLDEST = ChartSeries("oldest", _oldest)
COUNTS = (*QUEUED, FAILED, PROCESSED, *FAILURES)


def chart_message(data: Chart, ctx: Context) -> Message:
    """Return charts and bars. Home shows only text, so it gets one line per period."""
    texts = ctx.texts
    scope = texts("chart-all") if data.queue is None else queue_name(data.queue)
    title = texts("chart-title-day" if data.span == "24h" else "chart-title-week", scope=scope)
    if all(point.is_gap for point in data.points):
        text = texts("chart-none")
        return message([title, text], [*sections([title, text])])
    labels = labels_of(data, ctx)
    lines = [_line(label, point, texts) for label, point in zip(labels, data.points, strict=True)]
    totals, notes = _totals(data, texts), _notes(data, ctx)
    charts = [
        line_chart(texts.plain(f"chart-{name}"), labels, data.points, series, ctx)
        for name, series in (("queued", QUEUED), ("failures", FAILURES))
    ]
    drawable = [chart for chart in charts if chart is not None]
    rows = sections(_bars(data.points, texts))
    blocks = [section(join("\n", [title, totals])), *drawable, *rows] if ctx.in_message else []
    blocks = blocks or sections([title, totals, *lines])
    return message([title, totals, *lines, *notes], [*blocks, *map(context_line, notes)])


def labels_of(data: Chart, ctx: Context) -> list[Plain]:
    """Return the start time of each point in the reader's zone.

    Labels of a chart longer than a day also have the weekday and the date.
    """
    pattern = "HH:mm" if data.span == "24h" else "EEE d HH:mm"
    labels: list[Plain] = []
    for point in data.points:
        label = ctx.texts.local(point.at, pattern, ctx.reader_zone)
        if label in labels:
            # The clocks were set back, so the same hour appears twice.
            label = ctx.texts.local(point.at, "EEE d HH:mm z", ctx.reader_zone)
        labels.append(Plain(label[: LABEL - len(GAP)]))
    return labels


def _known_points(
    labels: Sequence[str], points: Sequence[ChartPoint], series: Sequence[ChartSeries]
) -> tuple[list[str], list[list[int]]]:
    """Return the labels and values of the points at which every series has a value."""
    categories: list[str] = []
    values: list[list[int]] = []
    was_gap = False
    for label, point in zip(labels, points, strict=True):
        row = [value for line in series if (value := line.of(point)) is not None]
        if len(row) < len(series) or not series:
            was_gap = bool(categories)
            continue
        categories.append(GAP + label if was_gap else label)
        values.append(row)
        was_gap = False
    return categories, values


def line_chart(
    title: str,
    labels: Sequence[str],
    points: Sequence[ChartPoint],
    series: Sequence[ChartSeries],
    ctx: Context,
) -> Block | None:
    """Return a chart with a line for each series that has values, or None without such series.

    The chart shows only points at which every such series has a value.
    """
    texts = ctx.texts
    known_series = [line for line in series if any(line.of(point) is not None for point in points)]
    categories, values = _known_points(labels, points, known_series)
    if not categories:
        return None
    lines = [
        {
            "name": plain_line(texts.plain(f"chart-series-{line.word}"), LABEL),
            "data": [
                {"label": category, "value": row[index]}
                for category, row in zip(categories, values, strict=True)
            ],
        }
        for index, line in enumerate(known_series)
    ]
    axis = plain_line(texts.plain("chart-axis", zone=str(ctx.reader_zone)), AXIS)
    return {
        "type": CHART,
        "title": plain_line(title, TITLE),
        "chart": {
            "type": "line",
            "series": lines,
            "axis_config": {"categories": categories, "x_label": axis},
        },
    }


def _line(label: str, point: ChartPoint, texts: Texts) -> Mrkdwn:
    """Return all values of a point in words."""
    if point.is_gap:
        return texts("chart-line-gap", at=label)
    parts = [
        texts(f"chart-part-{series.word}", count=value)
        for series in COUNTS
        if (value := series.of(point)) is not None
    ]
    if point.oldest_seconds is not None:
        parts.append(texts("chart-part-oldest", age=age(point.oldest_seconds, texts)))
    return texts("chart-line", at=label, figures=dots(*parts))


def _bars(points: Sequence[ChartPoint], texts: Texts) -> list[Mrkdwn]:
    """Return a row of bars, with its highest value, for each known metric without a chart."""
    rows = []
    for series in (PROCESSED, FAILED, OLDEST):
        values = [series.of(point) for point in points]
        highest = max((value for value in values if value is not None), default=None)
        if highest is not None:
            most = age(highest, texts) if series is OLDEST else highest
            label = texts(f"chart-bars-{series.word}", most=most)
            rows.append(join(" ", [code(bars(values)), label]))
    return rows


def _totals(data: Chart, texts: Texts) -> Mrkdwn:
    """Return the sums of events, and the highest numbers of jobs and ages."""
    points = [point for point in data.points if not point.is_gap]
    ages = [point.oldest_seconds for point in points if point.oldest_seconds is not None]
    parts = [texts("chart-sum-failures", count=data.new_failures)]
    if data.processed is not None:
        parts.insert(0, texts("chart-sum-processed", count=data.processed))
    elif data.queue is None:
        parts.insert(0, texts("chart-day-processed-unknown"))
    parts.append(texts("chart-most-pending", count=max(point.pending or 0 for point in points)))
    if ages:
        parts.append(texts("chart-most-oldest", age=age(max(ages), texts)))
    return dots(*parts)


def _notes(data: Chart, ctx: Context) -> list[Mrkdwn]:
    """Return notes about unknown values and about the time that the counts cover."""
    texts = ctx.texts
    gaps = (point.seconds - point.watched_seconds for point in data.points)
    missing = sum(seconds for seconds in gaps if seconds > NOISE)
    notes = [texts("chart-missing", age=age(missing, texts))] if missing else []
    unknown = [point for point in data.points if not point.is_gap and point.processed is None]
    if data.queue is not None:
        notes.append(texts("chart-processed-of-all"))
    elif unknown:
        notes.append(texts("chart-processed-unknown"))
    return [*notes, texts("chart-how", zone=escape(str(ctx.reader_zone)))]


def without_charts(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks; one table with the data of all charts replaces the charts."""
    charts = [block for block in blocks if block["type"] == CHART]
    rest: list[Block] = []
    for block in blocks:
        if block["type"] != CHART:
            rest.append(block)
        elif block is charts[0]:
            rest.append(as_table(charts))
    return rest


def as_table(charts: Sequence[Block]) -> Block:
    """Return a table with a row per category and a column per series. A dash means no value."""
    axis = charts[0]["chart"]["axis_config"]
    every = [series for chart in charts for series in chart["chart"]["series"]]
    rows: dict[str, list[Block]] = {}
    categories: dict[str, str] = {}
    for index, series in enumerate(every):
        for point in series["data"]:
            label = point["label"].removeprefix(GAP)
            categories[label] = max(categories.get(label, ""), point["label"], key=len)
            row = rows.setdefault(label, [text_cell(NOTHING)] * len(every))
            row[index] = number_cell(point["value"], str(point["value"]))
    head = [axis.get("x_label") or NOTHING, *(series["name"] for series in every)]
    caption = " · ".join(chart["title"] for chart in charts)
    cells = [[text_cell(categories[label]), *row] for label, row in rows.items()]
    return data_table(caption, head, cells)
