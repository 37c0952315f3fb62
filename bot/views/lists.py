"""Lists of jobs and failed jobs: ten rows per message, each with the reader's buttons."""

from collections.abc import Sequence

from bot.models.jobs import FailedJobList, JobList, Listed
from bot.models.requests import Block, Message, Source
from bot.text import Mrkdwn, join
from bot.views.blocks import actions, context_line, message, section
from bot.views.buttons import page_button, run_button
from bot.views.context import Context
from bot.views.names import queue_name
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

ROWS = 10
"""Rows per message: two blocks each, few enough to read."""


def failed_list(page: FailedJobList, listed: Listed, ctx: Context) -> Message:
    """Return failed jobs, newest first; a terminal shows all rows."""
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
    more = _has_more(page.count, len(rows), listed)
    return _list_message(
        lines, blocks, _failed_foot(rows[-1].id, listed, ctx, more=more), ctx, more=more
    )


def job_list(page: JobList, listed: Listed, ctx: Context) -> Message:
    """Return jobs by id, with delayed and stuck ones marked; a terminal shows all rows."""
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
    more = _has_more(page.count, len(rows), listed)
    foot = [_next("jobs", rows[-1].id, listed, ctx)] if more and "jobs" in ctx.runnable else []
    return _list_message(lines, blocks, foot, ctx, more=more)


def _most(ctx: Context) -> int | None:
    """Return the limit of rows; None in a terminal, which has no buttons and no block limit."""
    return None if ctx.source is Source.TERMINAL else ROWS


def _scope(listed: Listed, ctx: Context) -> Mrkdwn:
    queue = listed.arguments.get("queue")
    return Mrkdwn() if queue is None else ctx.texts("scope-queue", queue=queue_name(str(queue)))


def _empty(key: str, scope: Mrkdwn, ctx: Context) -> Message:
    text = ctx.texts(key, scope=scope)
    return message([text], [section(text)])


def _has_more(count: int, shown: int, listed: Listed) -> bool:
    """Whether some rows were read but not shown, or may be unread because of the limit."""
    return count > shown or count == listed.arguments.get("limit")


def _next(command: str, last: int, listed: Listed, ctx: Context) -> Block:
    label = ctx.texts.plain("button-next")
    return page_button(command, label, {**listed.arguments, "after": last})


def _failed_foot(last: int, listed: Listed, ctx: Context, *, more: bool) -> list[Block]:
    foot = [_next("failed", last, listed, ctx)] if more and "failed" in ctx.runnable else []
    if "retry-all" in ctx.runnable:
        queue = listed.arguments.get("queue")
        scope = {} if queue is None else {"queue": queue}
        foot.append(run_button("retry-all", ctx.texts.plain("button-retry-all"), scope))
    return foot


def _list_message(
    lines: Sequence[Mrkdwn],
    blocks: list[Block],
    foot: list[Block],
    ctx: Context,
    *,
    more: bool,
) -> Message:
    text_lines = [*lines, ctx.texts("list-more")] if more else list(lines)
    blocks += [context_line(ctx.texts("list-more"))] if more else []
    blocks += [actions(foot, "list")] if foot else []
    if ctx.source is Source.TERMINAL:
        return Message(str(join("\n", text_lines)))
    return message(text_lines, blocks)
