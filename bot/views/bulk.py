"""Bulk changes: the frozen scope before it is confirmed, the progress after."""

from collections.abc import Callable

from bot.ledger.model import Action, Preview, Progress, Share
from bot.model import Block, Message, Modal, Person, Source
from bot.text import Mrkdwn, code, escape, join
from bot.views.blocks import (
    actions,
    context_line,
    divider,
    fields,
    message,
    section,
    sections,
    text_input,
)
from bot.views.buttons import VERSION, run_button
from bot.views.context import Context
from bot.views.freeze import frozen_preview, frozen_progress
from bot.views.names import age, from_wall_clock, queue_name, size
from bot.views.receipts import outcomes_lines
from bot.views.refusal import reason_words

QUEUES = 10
BAR = 20
_RUNNING = ("running", "cancelling", "waiting")
_FULL, _EMPTY = "▰", "▱"


def bulk_answer(
    action: Action, preview: Preview | None, progress: Progress | None, ctx: Context
) -> Message | Modal:
    """The preview as a dialog, in the terminal as text; then that it started, or how it ended."""
    if progress is not None and progress.state not in _RUNNING:
        return progress_message(progress, ctx)
    if progress is not None:
        return _only(ctx.texts(f"bulk-started-{action}", count=progress.total))
    if preview is None or preview.total == 0:
        return _only(ctx.texts(f"bulk-nothing-{action}"))
    if ctx.source is Source.TERMINAL:
        return message(_preview_lines(preview, ctx), ())
    return _dialog(preview, ctx)


def _only(said: Mrkdwn) -> Message:
    return message([said], [section(said)])


def _dialog(preview: Preview, ctx: Context) -> Modal:
    texts = ctx.texts
    blocks = [section(_lead(preview, ctx))]
    blocks.append(fields([join("\n", pair) for pair in _facts(preview, ctx)]))
    blocks += [*sections(_shares(preview, ctx), limit=2_900), divider()]
    blocks += [context_line(note) for note in _notes(preview, ctx)]
    if preview.action == "clear-failed":
        count = str(preview.total)
        label = texts.plain("bulk-type-count", count=count)
        blocks.append(text_input("typed", label, texts.plain("bulk-type-hint"), 20))
    return Modal(
        title=texts.plain(f"bulk-title-{preview.action}"),
        blocks=tuple(blocks),
        close=texts.plain("button-cancel"),
        submit=texts.plain(f"bulk-submit-{preview.action}"),
        metadata={
            "v": VERSION,
            "command": preview.action,
            "plan": preview.plan,
            "channel": ctx.here,
        },
    )


def _preview_lines(preview: Preview, ctx: Context) -> list[Mrkdwn]:
    facts = [join(" ", pair) for pair in _facts(preview, ctx)]
    return [_lead(preview, ctx), *facts, *_shares(preview, ctx), *_notes(preview, ctx)]


def _lead(preview: Preview, ctx: Context) -> Mrkdwn:
    scope = preview.scope
    parts = []
    if scope.queue is not None:
        parts.append(ctx.texts("scope-queue", queue=queue_name(scope.queue)))
    if scope.failed_before is not None:
        before = from_wall_clock(scope.failed_before, ctx)
        parts.append(ctx.texts("scope-before", at=before))
    if scope.undo is not None:
        parts.append(ctx.texts("scope-undo", operation=str(scope.undo)))
    return ctx.texts(f"bulk-lead-{preview.action}", count=preview.total, scope=join("", parts))


def _facts(preview: Preview, ctx: Context) -> list[tuple[Mrkdwn, Mrkdwn]]:
    texts = ctx.texts
    oldest = from_wall_clock(preview.oldest, ctx)
    newest = from_wall_clock(preview.newest, ctx)
    return [
        (texts("label-count"), escape(texts.number(preview.total))),
        (texts("label-size"), escape(size(preview.bytes, texts))),
        (texts("label-oldest"), texts("at", at=oldest)),
        (texts("label-newest"), texts("at", at=newest)),
    ]


def _shares(preview: Preview, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    hidden = len(preview.queues) - QUEUES
    lines = [texts("label-by-queue"), *_counted(preview.queues[:QUEUES], queue_name, ctx)]
    lines += [texts("bulk-more-queues", count=hidden)] if hidden > 0 else []
    lines += [texts("label-by-error"), *_counted(preview.error_groups, _error, ctx)]
    if preview.other_groups > 0:
        lines.append(texts("bulk-more-groups", count=preview.other_groups))
    return lines


def _error(group: str) -> Mrkdwn:
    return code(group, 140)


def _counted(
    shares: tuple[Share, ...], name: Callable[[str], Mrkdwn], ctx: Context
) -> list[Mrkdwn]:
    return [ctx.texts("bulk-share", count=share.count, name=name(share.name)) for share in shares]


def _notes(preview: Preview, ctx: Context) -> list[Mrkdwn]:
    notes = [ctx.texts(f"bulk-note-{preview.action}"), ctx.texts("bulk-note-frozen")]
    notes = [ctx.texts("bulk-indexing"), *notes] if preview.indexing else notes
    return notes if preview.freeze is None else [frozen_preview(preview.freeze, ctx), *notes]


def progress_message(progress: Progress, ctx: Context) -> Message:
    """How far a bulk change is, by whom; Cancel while it runs, for everybody to see.

    Who may cancel is checked at the click.
    """
    lead, bar = _progress_lead(progress, ctx), _progress_bar(progress, ctx)
    running = progress.state in _RUNNING
    notes = _progress_notes(progress, ctx)
    became = [] if progress.outcomes is None else outcomes_lines(progress.outcomes, ctx)
    blocks = sections([lead, *([bar] if progress.state != "done" else []), *became])
    blocks += [context_line(note) for note in notes]
    if progress.state not in _RUNNING and progress.done and progress.kept:
        blocks += _undo(progress, ctx)
    if progress.state in ("running", "waiting"):
        blocks.append(actions([_cancel(progress, ctx)], f"operation:{progress.operation}"))
    return message([lead, *([bar] if running else []), *became, *notes], blocks)


def _progress_lead(progress: Progress, ctx: Context) -> Mrkdwn:
    state = progress.state if progress.state in ("done", "cancelled", "stopped") else "running"
    if progress.state == "cancelling":
        state = "cancelling"
    return ctx.texts(
        f"progress-{state}-{progress.action}", done=progress.done, total=progress.total
    )


def _progress_bar(progress: Progress, ctx: Context) -> Mrkdwn:
    share = min(1.0, progress.done / progress.total) if progress.total > 0 else 1.0
    filled = int(share * BAR)
    return ctx.texts(
        "progress-bar",
        bar=_FULL * filled + _EMPTY * (BAR - filled),
        percent=int(share * 100),
        done=progress.done,
        total=progress.total,
    )


def _progress_notes(progress: Progress, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    notes = [] if progress.freeze is None else [frozen_progress(progress.freeze, ctx)]
    if progress.skipped > 0:
        key = "progress-skipped-undo" if progress.action == "undo" else "progress-skipped"
        notes.append(texts(key, count=progress.skipped))
    if progress.reason is not None and progress.state == "stopped":
        notes.append(texts("progress-reason", reason=reason_words(progress.reason, texts)))
    notes.append(
        texts(
            "progress-by",
            by=Person(progress.actor),
            age=age(progress.seconds, texts),
            operation=str(progress.operation),
        )
    )
    return notes


def _undo(progress: Progress, ctx: Context) -> list[Block]:
    """Undo, for as long as the archive keeps what was taken; what an undo did is not undone."""
    if progress.action == "undo":
        return []
    label = ctx.texts.plain("button-undo")
    button = run_button("undo", label, {"what": progress.operation})
    return [actions([button], f"operation:{progress.operation}")]


def _cancel(progress: Progress, ctx: Context) -> Block:
    label = ctx.texts.plain("button-stop")
    return run_button("cancel", label, {"id": progress.operation}, style="danger")


def cancelled(operation: int, done: int, total: int, ctx: Context) -> Message:
    """That a bulk change will stop; what is done stays done."""
    told = ctx.texts("cancelled", operation=str(operation), done=done, total=total)
    return _only(told)
