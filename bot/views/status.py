"""The status: totals, a table of queues, and the oldest pending job with its alarm."""

from datetime import datetime

from bot.models.jobs import QueueCount, QueueStatus
from bot.models.operations import Freeze
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
"""Queues in the table; a team has a handful, and the busiest come first."""


def status_message(
    data: QueueStatus, as_of: datetime | None, ctx: Context, freeze: Freeze | None = None
) -> Message:
    """Return the jobs of every queue; `as_of` is the time of the counts if they are not current.

    An active `freeze` comes first.
    """
    texts = ctx.texts
    pending, reserved = _by_queue(data.pending_jobs), _by_queue(data.reserved_jobs)
    totals = texts(
        "status-totals",
        pending=sum(pending.values()),
        reserved=sum(reserved.values()),
        failed=data.failed_jobs_count,
    )
    title, oldest = texts("status-title"), _oldest(data, ctx)
    names = sorted(
        {*pending, *reserved}, key=lambda q: (-pending.get(q, 0) - reserved.get(q, 0), q)
    )
    rows = [(name, pending.get(name, 0), reserved.get(name, 0)) for name in names[:QUEUES]]
    notes = _notes(len(names) - len(rows), data.failed_jobs_count, as_of, ctx)
    off = [] if freeze is None else frozen_lines(freeze, ctx)
    lines = [*off, title, totals]
    by_queue = [
        texts(
            "status-queue", queue=queue_name(name), pending=pending_count, reserved=reserved_count
        )
        for name, pending_count, reserved_count in rows
    ]
    lines += by_queue
    blocks = [*sections(off), *sections([title, totals])]
    if rows and ctx.in_message:
        blocks.append(_table(rows, ctx))
    elif rows:
        blocks += sections(by_queue)
    blocks.append(section(oldest))
    blocks += [context_line(note) for note in notes]
    buttons = _buttons(data, ctx)
    blocks += [actions(buttons, "status")] if buttons else []
    return message([*lines, oldest, *notes], blocks)


def _by_queue(counts: tuple[QueueCount, ...]) -> dict[str, int]:
    return {count.queue: count.count for count in counts}


def _table(rows: list[tuple[str, int, int]], ctx: Context) -> Block:
    texts = ctx.texts
    head = [texts.plain(f"column-{name}") for name in ("queue", "pending", "reserved")]
    cells = [
        [text_cell(name), *(number_cell(count, texts.number(count)) for count in counts)]
        for name, *counts in rows
    ]
    return data_table(texts.plain("status-caption"), head, cells)


def _oldest(data: QueueStatus, ctx: Context) -> Mrkdwn:
    oldest, seconds = data.oldest_pending_job, data.oldest_pending_age_seconds
    if oldest is None or seconds is None:
        return ctx.texts("status-none-pending")
    # A delayed job waits on purpose, so the alarm counts only the time since it was available.
    waited = seconds - max(0, (oldest.available_at or 0) - oldest.created_at)
    key = "status-oldest-alarm" if waited > ctx.oldest_seconds else "status-oldest"
    return ctx.texts(
        key,
        age=age(seconds, ctx.texts),
        queue=queue_name(oldest.queue),
        limit=age(ctx.oldest_seconds, ctx.texts),
    )


def _notes(hidden: int, failed: int, as_of: datetime | None, ctx: Context) -> list[Mrkdwn]:
    notes = [ctx.texts("status-more-queues", count=hidden)] if hidden > 0 else []
    if failed > ctx.failed_count:
        notes.append(ctx.texts("status-failed-alarm", limit=ctx.failed_count))
    return notes + ([ctx.texts("status-as-of", at=Moment(as_of))] if as_of is not None else [])


def _buttons(data: QueueStatus, ctx: Context) -> list[Block]:
    candidates = (
        ("failed", "button-failed", data.failed_jobs_count > 0),
        ("jobs", "button-jobs", bool(data.pending_jobs or data.reserved_jobs)),
        ("stuck", "button-stuck", bool(data.reserved_jobs)),
    )
    return [
        run_button(name, ctx.texts.plain(label), {}, ctx.texts)
        for name, label, is_useful in candidates
        if is_useful and name in ctx.runnable
    ]
