"""Views of error groups: the list, and one group in detail."""

from collections.abc import Sequence

from bot.models.error_groups import (
    RECENT_AT_MOST,
    RECENT_MINUTES,
    ErrorDetail,
    ErrorDetailListed,
    ErrorGroup,
    ErrorGroups,
    ErrorsListed,
)
from bot.models.operations import OPERATOR_ROWS
from bot.models.requests import Block, Message, Modal, Source
from bot.models.roles import Role
from bot.text import Mrkdwn, Plain, code, cut, escape, join, plain_line, preformatted_parts
from bot.views.blocks import (
    SECTION,
    actions,
    context_line,
    fields,
    message,
    number_cell,
    section,
    text_cell,
    with_more,
)
from bot.views.buttons import Argument, page_button, run_button
from bot.views.context import Context
from bot.views.details import TITLE
from bot.views.failures.merges import merged_rows
from bot.views.lists import page_arguments
from bot.views.names import age, dots, note_lines, queue_name, read_wall_clock, seconds_since
from bot.views.row_tables import TableRow, plain_time, table_messages, table_row
from bot.views.rows import failed_elements, failed_line, row_blocks
from bot.views.subjects import bare_order, bare_subject, subject

ROWS = 6
"""The most groups with buttons; a message with fallback text stays under 10,000 characters."""
COLUMNS = ("error", "failed", "cause", "queue", "last")
SHORT, CAUSE = 20, 45
NAME = 140
ROW = 800
TIMES = 400
"""The most characters of a row with its times; each of its two times needs about 80."""
QUEUES = 3
DETAIL_QUEUES = 10
EXAMPLE, EXAMPLE_IN_MESSAGE = 1_500, 500

_BARS = "▁▂▃▄▅▆▇█"
_NONE = "·"


def error_list(groups: ErrorGroups, listed: ErrorsListed, ctx: Context) -> Message:
    """Return one row per group with Details and Retry group. A terminal shows all rows."""
    texts = ctx.texts
    in_terminal = ctx.source is Source.TERMINAL
    rows = groups.errors if in_terminal else groups.errors[:ROWS]
    scope = _scope(groups, listed, ctx)
    notes = [texts("errors-indexing")] if listed.indexing else []
    notes += _period(groups, listed, ctx)
    if not rows:
        text = texts("errors-none", scope=scope)
        return message([text, *notes], [section(text), *(context_line(note) for note in notes)])
    title = texts("errors-title", scope=scope)
    totals = texts("errors-totals", failed=groups.failed, groups=groups.count)
    blocks = [section(title), context_line(totals)]
    lines = [title, totals]
    for row in rows:
        windowed = groups.since is not None
        elements = _elements(row, listed.arguments.get("queue"), ctx)
        text_of_row = _row(row, ctx, windowed=windowed, numbers=False)
        blocks += row_blocks(text_of_row, elements, f"error:{row.error}")
        lines.append(_row(row, ctx, windowed=windowed, numbers=True))
    rest = groups.errors[ROWS:] if listed.whole and not in_terminal else ()
    tables = table_messages(
        "errors", COLUMNS, [_table_row(row, ctx) for row in rest], listed.after + ROWS, ctx
    )
    shown = len(rows) + len(rest)
    more = groups.count > listed.after + shown
    if more:
        notes.append(texts("list-more"))
    foot = [_next(listed, shown, ctx)] if more and "errors" in ctx.runnable else []
    if in_terminal:
        return Message(str(join("\n", [*lines, *notes])))
    end = [*map(context_line, notes), *([actions(foot, "list")] if foot else [])]
    return with_more(message(lines, blocks), tables, message(notes, end))


def _table_row(row: ErrorGroup, ctx: Context) -> TableRow:
    queues = ", ".join(f"{part.queue} ({part.count})" for part in row.queues[:QUEUES])
    cells = [
        text_cell(row.error, SHORT),
        number_cell(row.failed, ctx.texts.number(row.failed)),
        text_cell(row.name, CAUSE),
        text_cell(queues, SHORT),
        text_cell("" if row.last_at is None else plain_time(row.last_at, ctx), SHORT),
    ]
    return table_row(cells)


def _scope(groups: ErrorGroups, listed: ErrorsListed, ctx: Context) -> Mrkdwn:
    queue = listed.arguments.get("queue")
    parts = [] if queue is None else [ctx.texts("scope-queue", queue=queue_name(str(queue)))]
    if groups.since is not None:
        parts.append(ctx.texts("scope-since", at=read_wall_clock(groups.since, ctx)))
    return join("", parts)


def _period(groups: ErrorGroups, listed: ErrorsListed, ctx: Context) -> list[Mrkdwn]:
    """Return the period that the counts cover, if it is longer than the requested period."""
    if groups.since is None or listed.asked is None or listed.asked == groups.since:
        return []
    since, asked = (read_wall_clock(at, ctx) for at in (groups.since, listed.asked))
    return [ctx.texts("errors-period", since=since, asked=asked)]


def _next(listed: ErrorsListed, shown: int, ctx: Context) -> Block:
    after = listed.after + shown
    return page_button(
        "errors",
        ctx.texts.plain("button-next"),
        {**page_arguments(listed), "after": after},
        ctx.texts,
    )


def _row(row: ErrorGroup, ctx: Context, *, windowed: bool, numbers: bool) -> Mrkdwn:
    """Return four lines: count and queues; error; times and orders; and whether the group fails.

    `numbers`: show the bar's values as numbers.
    """
    texts = ctx.texts
    lead = dots(
        texts("error-row", error=row.error),
        texts("error-failed", count=row.failed),
        texts("error-appeared", count=row.appeared) if windowed else Mrkdwn(),
        _queues(row, QUEUES, ctx),
    )
    times = dots(*_times(row, ctx), _whose(row, ctx))
    trend = dots(going_on(row, ctx), _hours(row, ctx) if numbers else _bar(row, ctx))
    name = cut(code(row.name, NAME), NAME + 20)
    tail = join("\n", [line for line in (name, cut(times, TIMES), cut(trend, 150)) if line])
    return join("\n", [cut(lead, ROW - len(tail) - 1), tail])


def going_on(row: ErrorGroup, ctx: Context) -> Mrkdwn:
    """Return the rate at which the group still fails, or the time since its last failure.

    A group whose recent failures were all retried or deleted does not count as still failing.
    """
    texts = ctx.texts
    if row.still_failing:
        key = "error-bleeding-many" if row.recent >= RECENT_AT_MOST else "error-bleeding"
        return texts(key, count=row.recent, minutes=RECENT_MINUTES)
    if row.last_at is None:
        return Mrkdwn()
    quiet = seconds_since(read_wall_clock(row.last_at, ctx), ctx.now)
    return texts("error-pile", age=age(quiet, texts))


def _bar(row: ErrorGroup, ctx: Context) -> Mrkdwn:
    """Return the last hours as a row of bars, scaled to the highest value. A dot means 0."""
    highest = max(row.hours, default=0)
    if not highest:
        return Mrkdwn()
    bars = "".join(
        _BARS[-(-count * len(_BARS) // highest) - 1] if count else _NONE for count in row.hours
    )
    return ctx.texts("error-bar", bar=code(bars), count=sum(row.hours), hours=len(row.hours))


def _hours(row: ErrorGroup, ctx: Context) -> Mrkdwn:
    """Return the failures of the last hours as numbers."""
    if not any(row.hours):
        return Mrkdwn()
    figures = Plain(" ".join(str(count) for count in row.hours))
    return ctx.texts("error-hours", figures=figures, count=sum(row.hours), hours=len(row.hours))


def _times(row: ErrorGroup, ctx: Context) -> list[Mrkdwn]:
    times = []
    if row.first_at is not None:
        times.append(ctx.texts("error-first", at=read_wall_clock(row.first_at, ctx)))
    if row.last_at is not None:
        times.append(ctx.texts("error-last", at=read_wall_clock(row.last_at, ctx)))
    return times


def _queues(row: ErrorGroup, most: int, ctx: Context) -> Mrkdwn:
    names = [
        ctx.texts("error-queue", queue=queue_name(part.queue), count=part.count)
        for part in row.queues[:most]
    ]
    if len(row.queues) > most:
        names.append(ctx.texts("error-more-queues", count=len(row.queues) - most))
    return join(", ", names)


def _whose(row: ErrorGroup, ctx: Context) -> Mrkdwn:
    """Return the orders of the newest failures, or the values of their other subjects."""
    orders = [bare for order in row.orders if (bare := bare_order(order, ctx))]
    if orders:
        return ctx.texts("error-orders", count=len(orders), orders=join(", ", orders))
    return dots(
        *(
            join(", ", [subject(name, values[0], ctx), *_further(name, values[1:], ctx)])
            for name, values in row.subjects.items()
        )
    )


def _further(name: str, values: Sequence[str], ctx: Context) -> list[Mrkdwn]:
    return [bare_subject(name, value, ctx) for value in values]


def _elements(row: ErrorGroup, queue: str | int | None, ctx: Context) -> list[Block]:
    """Return the buttons Retry group and Details, if the reader may run these commands."""
    elements = []
    if "retry" in ctx.runnable and may_retry(row, ctx):
        arguments: dict[str, Argument] = {"error": row.error}
        if queue is not None:
            arguments["queue"] = queue
        label = ctx.texts.plain("button-retry-group")
        elements.append(run_button("retry", label, arguments, ctx.texts, style="primary"))
    if "error" in ctx.runnable:
        label = ctx.texts.plain("button-details")
        elements.append(run_button("error", label, {"error": row.error}, ctx.texts))
    return elements


def may_retry(row: ErrorGroup, ctx: Context) -> bool:
    """Whether the reader may retry the whole group. The role operator has a limit of jobs."""
    return row.failed > 0 and (ctx.role >= Role.ADMIN or row.failed <= OPERATOR_ROWS)


def _facts(row: ErrorGroup, ctx: Context) -> list[tuple[Mrkdwn, Mrkdwn]]:
    """Return the label and value of each fact that the group has."""
    texts = ctx.texts
    facts = [
        (texts("label-count"), escape(texts.number(row.failed))),
        (texts("label-queue"), cut(_queues(row, DETAIL_QUEUES, ctx), 500)),
        (texts("label-seen"), dots(*_times(row, ctx))),
        (texts("label-orders" if row.orders else "label-subjects"), cut(_whose(row, ctx), 300)),
    ]
    return [(label, value) for label, value in facts if value]


def error_detail(detail: ErrorDetail, listed: ErrorDetailListed, ctx: Context) -> Message | Modal:
    """Return the group's counts, its full text, an example, and its newest failed jobs."""
    row, texts = detail.group, ctx.texts
    title = texts("error-title", error=row.error)
    pairs = _facts(row, ctx)
    blocks = [fields([join("\n", pair) for pair in pairs])]
    blocks.append(context_line(dots(going_on(row, ctx), _bar(row, ctx))))
    note = note_lines(listed.note, ctx)
    blocks += [section(line) for line in note]
    retry = [
        element for element in _elements(row, None, ctx) if element["action_id"] == "run:retry"
    ]
    blocks += [actions(retry, "group")] if retry else []
    lines = [title, *(join(" ", pair) for pair in pairs)]
    lines += [dots(going_on(row, ctx), _hours(row, ctx)), *note]
    long = [("label-in-common", row.name, 800)]
    if detail.exception is not None:
        length = EXAMPLE if ctx.in_dialog else EXAMPLE_IN_MESSAGE
        long.append(("label-example", detail.exception, length))
    for label, text, limit in long:
        parts, _ = preformatted_parts(text, min(limit, SECTION), 1)
        blocks += [section(texts(label)), *(section(part) for part in parts)]
        lines += [texts(label), *parts]
    parts_blocks, parts_lines = merged_rows(listed.merged, ctx)
    blocks += parts_blocks
    lines += parts_lines
    newest, newest_lines = _newest(detail, listed, ctx)
    blocks += newest
    lines += newest_lines
    if ctx.in_dialog:
        plain = plain_line(texts.plain("error-name", error=row.error), TITLE)
        return Modal(plain, tuple(blocks), texts.plain("button-close"))
    if ctx.source is Source.TERMINAL:
        return Message(str(join("\n", lines)))
    return message(lines, [section(title), *blocks])


def _newest(
    detail: ErrorDetail, listed: ErrorDetailListed, ctx: Context
) -> tuple[list[Block], Sequence[Mrkdwn]]:
    label = ctx.texts("label-newest-failures" if detail.failed_jobs else "error-none-left")
    blocks, lines = [section(label)], [label]
    for row in detail.failed_jobs:
        line = failed_line(row, ctx)
        elements = failed_elements(row.id, listed.row_digests[row.id], ctx)
        blocks += row_blocks(line, elements, f"failed:{row.id}")
        lines.append(line)
    return blocks, lines
