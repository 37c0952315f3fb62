"""The results of an undo, for the person, the channel, and the message of the undone change."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.models.job_changes import RestoredRow, SkippedRow, Undone
from bot.models.requests import Block, Message, Moment, Person
from bot.models.roles import Role
from bot.text import Mrkdwn, Plain, code, cut
from bot.views.blocks import actions, context_line, message, sections
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.names import dots, job_class, queue_name
from bot.views.refusal import skipped_lines
from bot.views.rows import ROW
from bot.views.subjects import whose

BLOCK = "undo"


def undo_blocks(ctx: Context) -> list[Block]:
    """Return the request's Undo button for people who may undo. In a channel, everybody sees it.

    A click on Undo checks whether the person may undo the change.
    """
    everybody = ctx.role is Role.NONE
    if ctx.request is None or not (everybody or "undo" in ctx.runnable):
        return []
    button = run_button("undo", ctx.texts.plain("button-undo"), {"request": ctx.request}, ctx.texts)
    return [actions([button], BLOCK)]


def undone(
    done: Undone, rows: Sequence[RestoredRow], skipped: Sequence[SkippedRow], ctx: Context
) -> Message:
    """Return the restored rows with their tables and ids, and the skipped rows with reasons."""
    skipped_text: list[Mrkdwn] = []
    if skipped:
        skipped_text = [
            ctx.texts("skipped", count=len(skipped)),
            *skipped_lines(skipped, ctx),
        ]
    return _undo_message(
        _lead(rows, ctx, "", {}), rows, skipped_text, [*_warnings(rows, ctx), _what(done, ctx)], ctx
    )


def undone_visible(done: Undone, rows: Sequence[RestoredRow], ctx: Context) -> Message:
    """Return the restored rows and who restored them, for the channel."""
    lead = _lead(rows, ctx, "-by", {"by": ctx.actor})
    return _undo_message(lead, rows, [], [*_warnings(rows, ctx), _what(done, ctx)], ctx)


def without_undo(body: Mapping[str, Any], by: str, at: datetime, ctx: Context) -> Message:
    """Return the message of an undone change: remove its button and name who undid the change."""
    mark = ctx.texts("undone-mark", by=Person(by), at=Moment(at))
    blocks = [block for block in body.get("blocks", ()) if block.get("block_id") != BLOCK]
    return Message(f"{body.get('text', '')}\n{mark}", [*blocks[:49], context_line(mark)])


def _lead(
    rows: Sequence[RestoredRow], ctx: Context, suffix: str, values: Mapping[str, object]
) -> Mrkdwn:
    kind = rows[0].kind
    if len(rows) == 1:
        return ctx.texts(f"undone-{kind}-one{suffix}", id=str(rows[0].id), **values)
    return ctx.texts(f"undone-{kind}-many{suffix}", count=len(rows), **values)


def _undo_message(
    lead: Mrkdwn,
    rows: Sequence[RestoredRow],
    skipped_text: Sequence[Mrkdwn],
    notes: Sequence[Mrkdwn],
    ctx: Context,
) -> Message:
    lines = [lead, *(_line(row, ctx, named=len(rows) > 1) for row in rows)]
    blocks = [*sections(lines), *sections(skipped_text), *(context_line(note) for note in notes)]
    return message([*lines, *skipped_text, *notes], blocks)


def _line(row: RestoredRow, ctx: Context, *, named: bool) -> Mrkdwn:
    texts = ctx.texts
    parts = [
        texts(f"target-{row.kind}", id=str(row.id)) if named else Mrkdwn(),
        Mrkdwn()
        if row.new_id is None
        else texts("undone-new-id", new=str(row.new_id), id=str(row.id)),
        job_class(row.job_class, ctx),
        whose(row.order_id, row.subjects, ctx, queue=row.queue),
        queue_name(row.queue),
        Mrkdwn() if row.job_id is None else texts("undone-taken-back", job=str(row.job_id)),
    ]
    return cut(dots(*parts), ROW // 2)


def _what(done: Undone, ctx: Context) -> Mrkdwn:
    return ctx.texts(
        "undone-change", command=code(done.action, 40), by=Person(done.by), at=Moment(done.at)
    )


def _warnings(rows: Sequence[RestoredRow], ctx: Context) -> list[Mrkdwn]:
    reserved_rows = [row for row in rows if row.reserved]
    if not reserved_rows:
        return []
    ids = Plain(", ".join(str(row.new_id or row.id) for row in reserved_rows))
    return [ctx.texts("undone-reserved", count=len(reserved_rows), ids=ids)]
