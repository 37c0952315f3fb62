"""The status: totals, a table of queues, and the oldest available job with an alarm sign."""

from collections.abc import Sequence
from datetime import datetime

from bot.models.operations import Freeze
from bot.models.queue_jobs import QueueJobs, busiest, oldest, totals
from bot.models.requests import Block, Message, Moment
from bot.text import Mrkdwn
from bot.views.blocks import (
    actions,
    context_line,
    data_table,
    message,
    number_cell,
    section,
    sections,
    text_cell,
)
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.names import age, queue_name
from bot.views.operations.change_freeze import frozen_lines

QUEUES = 30
"""The most queues in the table. A team usually has fewer queues; the busiest queues come first."""
STATES = ("available", "delayed", "reserved")
"""The columns of the table, in the order of `totals`."""


def status_message(
    queues: Sequence[QueueJobs],
    failed: int,
    as_of: datetime | None,
    ctx: Context,
    freeze: Freeze | None = None,
    *,
    estimated: bool = False,
) -> Message:
    """Return the jobs of every queue. `as_of` is the time of the counts if they are not current.

    If the counts are `estimated`, because no exact count exists yet, the message says so first.
    If changes are frozen, the answer begins with the `freeze`.
    """
    texts = ctx.texts
    counts = texts("status-totals", **totals(queues), failed=failed)
    title, waits = texts("status-title"), _oldest(queues, ctx)
    rows = busiest(queues)[:QUEUES]
    notes = _notes(len(queues) - len(rows), failed, as_of, ctx)
    off = [] if freeze is None else frozen_lines(freeze, ctx)
    if estimated:
        off.append(texts("status-estimated"))
    by_queue = [
        texts("status-queue", queue=queue_name(jobs.queue), **totals([jobs])) for jobs in rows
    ]
    lines = [*off, title, counts, *by_queue]
    blocks = [*sections(off), *sections([title, counts])]
    if rows and ctx.in_message:
        blocks.append(_table(rows, ctx))
    elif rows:
        blocks += sections(by_queue)
    blocks.append(section(waits))
    blocks += [context_line(note) for note in notes]
    buttons = _buttons(queues, failed, ctx)
    blocks += [actions(buttons, "status")] if buttons else []
    return message([*lines, waits, *notes], blocks)


def _table(rows: Sequence[QueueJobs], ctx: Context) -> Block:
    texts = ctx.texts
    head = [texts.plain(f"column-{name}") for name in ("queue", *STATES)]
    cells = [
        [
            text_cell(jobs.queue),
            *(number_cell(count, texts.number(count)) for count in totals([jobs]).values()),
        ]
        for jobs in rows
    ]
    return data_table(texts.plain("status-caption"), head, cells)


def _oldest(queues: Sequence[QueueJobs], ctx: Context) -> Mrkdwn:
    available = oldest(queues)
    if available is None:
        return ctx.texts("status-none-waits")
    seconds, queue = available
    return ctx.texts(
        "status-oldest-alarm" if seconds > ctx.oldest_limit(queue) else "status-oldest",
        age=age(seconds, ctx.texts),
        queue=queue_name(queue),
        limit=age(ctx.oldest_limit(queue), ctx.texts),
    )


def _notes(hidden: int, failed: int, as_of: datetime | None, ctx: Context) -> list[Mrkdwn]:
    notes = [ctx.texts("status-more-queues", count=hidden)] if hidden > 0 else []
    if failed > ctx.failed_count:
        notes.append(ctx.texts("status-failed-alarm", limit=ctx.failed_count))
    return notes + ([ctx.texts("status-as-of", at=Moment(as_of))] if as_of is not None else [])


def _buttons(queues: Sequence[QueueJobs], failed: int, ctx: Context) -> list[Block]:
    candidates = (
        ("failed", "button-failed", failed > 0),
        ("jobs", "button-jobs", any(jobs.size for jobs in queues)),
        ("stuck", "button-stuck", any(jobs.reserved for jobs in queues)),
    )
    return [
        run_button(name, ctx.texts.plain(label), {}, ctx.texts)
        for name, label, is_useful in candidates
        if is_useful and name in ctx.runnable
    ]
