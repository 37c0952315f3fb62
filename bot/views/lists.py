"""Lists of jobs and failed jobs. Ten rows have the reader's buttons; more rows are in tables."""

from collections.abc import Sequence
from typing import TypeVar

from bot.models.error_groups import ErrorsListed
from bot.models.jobs import FailedJob, FailedJobList, Job, JobList, Listed
from bot.models.requests import Block, Message, Source
from bot.text import Mrkdwn, join
from bot.views.blocks import actions, context_line, message, section, with_more
from bot.views.buttons import page_button, run_button
from bot.views.context import Context
from bot.views.names import queue_name
from bot.views.row_tables import (
    FAILED_COLUMNS,
    JOB_COLUMNS,
    failed_row,
    job_row,
    table_messages,
)
from bot.views.rows import (
    failed_elements,
    failed_line,
    is_stuck,
    job_elements,
    job_line,
    row_blocks,
    stuck_hint,
    stuck_since,
)

Row = TypeVar("Row", Job, FailedJob)

ROWS = 10
"""The rows with buttons, of two blocks each; people can read this many.

A typed limit adds more rows in tables.
"""


def failed_list(page: FailedJobList, listed: Listed, ctx: Context) -> Message:
    """Return failed jobs, newest first. A terminal shows all rows."""
    rows = page.failed_jobs[: _most(ctx)]
    scope = _scope(listed, ctx)
    if not rows:
        return _empty("failed-none", scope, ctx)
    title = ctx.texts("failed-title", scope=scope)
    blocks = [section(title)]
    lines = [title]
    for row in rows:
        line = failed_line(row, ctx)
        elements = failed_elements(row.id, listed.row_digests[row.id], ctx)
        blocks += row_blocks(line, elements, f"failed:{row.id}")
        lines.append(line)
    rest = _rest(page.failed_jobs, listed, ctx)
    tables = table_messages(
        "failed", FAILED_COLUMNS, [failed_row(row, ctx) for row in rest], len(rows), ctx
    )
    rows = (*rows, *rest)
    more = _has_more(page.count, len(rows), listed)
    foot = _failed_foot(rows[-1].id, listed, ctx, more=more)
    return _list_message(lines, blocks, tables, foot, ctx, more=more)


def job_list(page: JobList, listed: Listed, ctx: Context) -> Message:
    """Return jobs by id, and mark delayed and stuck jobs. A terminal shows all rows."""
    rows = page.jobs[: _most(ctx)]
    scope = _scope(listed, ctx)
    if not rows:
        return _empty("jobs-none-partial" if listed.partial else "jobs-none", scope, ctx)
    title = ctx.texts("jobs-title", scope=scope, status=page.filters.status)
    blocks = [section(title)]
    lines = [title]
    for row in rows:
        line = job_line(row, ctx)
        since = stuck_since(row, listed.reserved_at.get(row.id), ctx)
        elements = job_elements(row.id, listed.row_digests[row.id], ctx, stuck_since=since)
        blocks += row_blocks(line, elements, f"job:{row.id}")
        lines.append(line)
    if any(is_stuck(row, ctx) for row in rows):
        hint = stuck_hint(ctx)
        blocks.append(context_line(hint))
        lines.append(hint)
    if listed.partial:
        blocks.append(context_line(ctx.texts("list-partial")))
        lines.append(ctx.texts("list-partial"))
    rest = _rest(page.jobs, listed, ctx)
    tables = table_messages("jobs", JOB_COLUMNS, [job_row(row, ctx) for row in rest], ROWS, ctx)
    rows = (*rows, *rest)
    more = _has_more(page.count, len(rows), listed)
    foot = [_next("jobs", rows[-1].id, listed, ctx)] if more and "jobs" in ctx.runnable else []
    return _list_message(lines, blocks, tables, foot, ctx, more=more)


def _most(ctx: Context) -> int | None:
    """Return the limit of rows, or None in a terminal, which has no buttons and no block limit."""
    return None if ctx.source is Source.TERMINAL else ROWS


def _rest(rows: tuple[Row, ...], listed: Listed, ctx: Context) -> tuple[Row, ...]:
    """Return the rows without buttons: with a typed limit, all rows after the first ten."""
    return rows[ROWS:] if listed.whole and ctx.source is not Source.TERMINAL else ()


def _scope(listed: Listed, ctx: Context) -> Mrkdwn:
    queue = listed.arguments.get("queue")
    return Mrkdwn() if queue is None else ctx.texts("scope-queue", queue=queue_name(str(queue)))


def _empty(key: str, scope: Mrkdwn, ctx: Context) -> Message:
    text = ctx.texts(key, scope=scope)
    return message([text], [section(text)])


def _has_more(count: int, shown: int, listed: Listed) -> bool:
    """Whether more rows exist: rows were read but not shown, or the limit may have omitted rows."""
    return count > shown or count == listed.arguments.get("limit")


def _next(command: str, last: int, listed: Listed, ctx: Context) -> Block:
    label = ctx.texts.plain("button-next")
    return page_button(command, label, {**page_arguments(listed), "after": last}, ctx.texts)


def page_arguments(listed: Listed | ErrorsListed) -> dict[str, str | int]:
    """Return the arguments of the next page. They include the limit only if a person typed it."""
    arguments = listed.arguments
    return arguments if listed.whole else {k: v for k, v in arguments.items() if k != "limit"}


def _failed_foot(last: int, listed: Listed, ctx: Context, *, more: bool) -> list[Block]:
    foot = [_next("failed", last, listed, ctx)] if more and "failed" in ctx.runnable else []
    # Home already has this button at its top.
    if "retry-all" in ctx.runnable and ctx.source is not Source.HOME:
        queue = listed.arguments.get("queue")
        scope = {} if queue is None else {"queue": queue}
        foot.append(run_button("retry-all", ctx.texts.plain("button-retry-all"), scope, ctx.texts))
    return foot


def _list_message(
    lines: Sequence[Mrkdwn],
    blocks: list[Block],
    tables: Sequence[Message],
    foot: list[Block],
    ctx: Context,
    *,
    more: bool,
) -> Message:
    notes = [ctx.texts("list-more")] if more else []
    if ctx.source is Source.TERMINAL:
        return Message(str(join("\n", [*lines, *notes])))
    end = [*map(context_line, notes), *([actions(foot, "list")] if foot else [])]
    return with_more(message(lines, blocks), tables, message(notes, end))
