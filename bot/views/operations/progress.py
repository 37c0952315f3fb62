"""Views of operations: the answer before confirmation, and the progress after confirmation."""

from bot.models.operations import Preview, Progress, PutBack
from bot.models.requests import Block, Message, Modal, Moment, Person, Source
from bot.text import Mrkdwn, Plain
from bot.views.blocks import actions, context_line, message, section, sections
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.names import age
from bot.views.operations.approval import request_message, requested
from bot.views.operations.change_freeze import frozen_progress
from bot.views.operations.outcomes import outcomes_lines
from bot.views.operations.preview import kind, preview_dialog, preview_message
from bot.views.refusal import reason_words, skipped_lines

BAR = 20
_RUNNING = ("running", "cancelling", "waiting")
_UNAPPROVED = ("awaiting", "declined", "expired")
_FULL, _EMPTY = "▰", "▱"


def bulk_answer(
    action: str, preview: Preview | None, progress: Progress | None, ctx: Context
) -> Message | Modal:
    """Return the preview (a dialog, or text in a terminal), the start, or the result."""
    if progress is not None:
        return _started(action, progress, ctx)
    if preview is not None and preview.total == 0 and preview.scope.words():
        return _text_message(ctx.texts("bulk-nothing-fits"))
    if preview is None or preview.total == 0:
        return _text_message(ctx.texts(f"bulk-nothing-{kind(action, ctx)}"))
    if ctx.source is Source.TERMINAL:
        return preview_message(preview, ctx)
    return preview_dialog(preview, ctx)


def _started(action: str, progress: Progress, ctx: Context) -> Message:
    if progress.state == "awaiting":
        return requested(progress, ctx)
    if progress.state not in _RUNNING:
        return progress_message(progress, ctx)
    return _text_message(ctx.texts(f"bulk-started-{kind(action, ctx)}", count=progress.total))


def _text_message(text: Mrkdwn) -> Message:
    return message([text], [section(text)])


def progress_message(progress: Progress, ctx: Context) -> Message:
    """Return the progress and the author of an operation. While it runs, everybody sees Cancel.

    A click on Cancel checks whether the person may cancel the operation.
    """
    if progress.state in _UNAPPROVED:
        return request_message(progress, ctx)
    lead, bar = _progress_lead(progress, ctx), _progress_bar(progress, ctx)
    running = progress.state in _RUNNING
    notes = _progress_notes(progress, ctx)
    outcomes = [] if progress.outcomes is None else outcomes_lines(progress.outcomes, ctx)
    blocks = sections([lead, *([bar] if progress.state != "done" else []), *outcomes])
    blocks += [context_line(note) for note in notes]
    if _can_be_undone(progress):
        blocks += _undo(progress, ctx)
    if progress.state in ("running", "waiting"):
        blocks.append(actions([_cancel(progress, ctx)], f"operation:{progress.operation}"))
    return message([lead, *([bar] if running else []), *outcomes, *notes], blocks)


def _progress_lead(progress: Progress, ctx: Context) -> Mrkdwn:
    state = progress.state if progress.state in ("done", "cancelled", "stopped") else "running"
    if progress.state == "cancelling":
        state = "cancelling"
    return ctx.texts(
        f"progress-{state}-{kind(progress.action, ctx)}", done=progress.done, total=progress.total
    )


def _progress_bar(progress: Progress, ctx: Context) -> Mrkdwn:
    share = min(1.0, progress.done / progress.total) if progress.total > 0 else 1.0
    filled = int(share * BAR)
    return ctx.texts(
        "progress-bar",
        bar=Plain(_FULL * filled + _EMPTY * (BAR - filled)),
        percent=int(share * 100),
        done=progress.done,
        total=progress.total,
    )


def _progress_notes(progress: Progress, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    notes = [] if progress.freeze is None else [frozen_progress(progress.freeze, ctx)]
    if (changed := progress.skipped - progress.refused_count) > 0:
        key = "progress-skipped-undo" if progress.action == "undo" else "progress-skipped"
        notes.append(texts(key, count=changed))
    if progress.refused_count:
        notes.append(texts("progress-refused", count=progress.refused_count))
        notes += skipped_lines(progress.refused, ctx)
    for name, count in progress.edited.items():
        notes.append(texts(f"progress-{name}", count=count))
    if progress.reason is not None and progress.state == "stopped":
        notes.append(texts("progress-reason", reason=reason_words(progress.reason, texts)))
    if progress.rate is not None and progress.state != "stopped":
        notes.append(texts("progress-rate", count=progress.rate))
    if progress.undone is not None:
        notes.append(_undone(progress, progress.undone, ctx))
    notes.append(
        texts(
            "progress-by",
            by=Person(progress.actor),
            age=age(progress.seconds, texts),
            operation=str(progress.operation),
        )
    )
    return notes


def _can_be_undone(progress: Progress) -> bool:
    """Whether an undo of the operation may have an effect, if the archive still has its rows.

    Nobody can undo an undo, or a retry whose jobs have all left the queue.
    """
    if progress.state in _RUNNING or progress.action == "undo":
        return False
    if not progress.kept or _remaining(progress) <= 0:
        return False
    outcomes = progress.outcomes
    if outcomes is None or outcomes.waiting > 0:
        return True
    # The counts still cover only the canary jobs; the rest of the jobs were queued later.
    return bool(outcomes.canary) and progress.state != "stopped"


def _remaining(progress: Progress) -> int:
    return progress.done - (0 if progress.undone is None else progress.undone.count)


def _undone(progress: Progress, undone: PutBack, ctx: Context) -> Mrkdwn:
    by, at = Person(undone.by), Moment(undone.at)
    if _remaining(progress) <= 0:
        return ctx.texts("undone-mark", by=by, at=at)
    return ctx.texts("undone-part", by=by, at=at, count=undone.count, total=progress.done)


def _undo(progress: Progress, ctx: Context) -> list[Block]:
    label = ctx.texts.plain("button-undo")
    button = run_button("undo", label, {"what": progress.operation}, ctx.texts)
    return [actions([button], f"operation:{progress.operation}")]


def _cancel(progress: Progress, ctx: Context) -> Block:
    label = ctx.texts.plain("button-stop")
    return run_button("cancel", label, {"id": progress.operation}, ctx.texts, style="danger")


def cancelled(operation: int, done: int, total: int, ctx: Context) -> Message:
    """Return the answer that the operation will stop and that finished rows stay changed."""
    text = ctx.texts("cancelled", operation=str(operation), done=done, total=total)
    return _text_message(text)
