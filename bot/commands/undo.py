"""`/queue undo`: restore the rows that a retry or a delete removed; the rows are unchanged."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bot.app.command import LARGEST_ID, Arguments, Command, Effect, Result
from bot.app.plans import STARTED, BulkArguments, BulkExtra, confirm, recorded, start_of
from bot.app.undo import change_to_undo, check_planned, preview_of, undo
from bot.app.work import Work
from bot.models.actions import Action
from bot.models.job_changes import RestoredRow, SkippedRow, Undone, UndoneCount
from bot.models.operations import Progress
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.store.audit.changes import ChangeReference
from bot.views.context import Context
from bot.views.operations.progress import bulk_answer, progress_message
from bot.views.operations.undo import undone, undone_visible


def _read(value: object) -> object:
    """Parse a reference: `7` is an operation, and `#12` is an audit record."""
    words = value if isinstance(value, list | tuple) else [value]
    if len(words) != 1:
        raise ValueError("one:")
    word = str(words[0])
    digits = word.removeprefix("#")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 20:
        raise ValueError(f"id:{word[:20]}")
    return ChangeReference(int(digits), in_audit=word.startswith("#"))


ACTION = Action("undo", counts_as="undone")


class UndoArguments(Arguments):
    """The change: an operation, an audit record, or the `request` id from a button.

    The default is the person's own last change that has not been undone. `force`: also delete a
    retried job that rows of another table reference.
    """

    what: Annotated[ChangeReference, BeforeValidator(_read)] | None = Field(
        default=None, json_schema_extra={"positional": "OPERATION|#RECORD"}
    )
    request: str | None = Field(
        default=None, pattern="^[0-9a-f]{64}$", json_schema_extra={"internal": True}
    )
    plan: int | None = Field(
        default=None, ge=1, le=LARGEST_ID, json_schema_extra={"internal": True}
    )
    typed: int | None = Field(default=None, json_schema_extra={"internal": True})
    force: bool = Field(default=False, json_schema_extra={"form": "yes"})


class UndoExtra(BulkExtra):
    """The restored rows and the skipped rows, or the preview or progress of a bulk change."""

    rows: tuple[RestoredRow, ...] = ()
    skipped: tuple[SkippedRow, ...] = ()


class UndoResult(Result):
    """The undone change and the number of restored rows; 0 until the batches have run."""

    data: Undone | UndoneCount
    extra: UndoExtra


def run(work: Work, args: UndoArguments) -> UndoResult:
    """Find the change, check its author, and lock, compare and restore its rows.

    The row counts must match.
    """
    if args.plan is not None:
        confirmed = BulkArguments(plan=args.plan, typed=args.typed)
        check_planned(work, args.plan)
        progress = confirm(work, ACTION, confirmed)
        outcome = start_of(progress)
        message = f"Undoing {progress.total} failed jobs" if outcome == STARTED else None
        return _bulk(message, UndoExtra(progress=progress), outcome, recorded(work, progress))
    change = change_to_undo(work, args.what, args.request)
    if change.is_bulk:
        return _bulk(None, UndoExtra(preview=preview_of(work, ACTION, change)), None)
    restored = undo(work, change, force=args.force)
    rows = restored.rows
    single = len(rows) == 1
    return UndoResult(
        message=f"Restored {_name(rows[0])}" if single else f"Restored {len(rows)} rows",
        data=Undone(restored_count=len(rows), action=change.action, by=change.actor, at=change.at),
        extra=UndoExtra(rows=rows, skipped=restored.skipped),
        targets=restored.targets,
        undone=None if restored.is_left else change.request_id,
    )


def _bulk(
    message: str | None,
    extra: UndoExtra,
    outcome: str | None,
    recorded_fields: Mapping[str, Any] | None = None,
) -> UndoResult:
    return UndoResult(
        message=message,
        data=UndoneCount(restored_count=0),
        extra=extra,
        outcome=outcome,
        recorded=recorded_fields or {},
    )


def _name(row: RestoredRow) -> str:
    return f"{'failed job' if row.kind == 'failed' else 'job'} {row.new_id or row.id}"


def view(result: UndoResult, context: Context) -> Message | Modal:
    """Show the restored rows and the skipped rows with reasons, or a bulk change's preview."""
    data, extra = result.data, result.extra
    if not isinstance(data, Undone):
        return bulk_answer(ACTION.name, extra.preview, extra.progress, context)
    return undone(data, extra.rows, extra.skipped, context)


def visible(result: UndoResult, context: Context) -> Message | None:
    """Show the channel the restored rows and the person who undid the change."""
    data, progress = result.data, result.extra.progress
    if isinstance(data, Undone):
        return undone_visible(data, result.extra.rows, context)
    return None if progress is None else progress_message(progress, context)


def finished(progress: Progress) -> UndoResult:
    """Return the answer after the last batch."""
    return UndoResult(
        message=f"Restored {progress.done} failed jobs",
        data=UndoneCount(restored_count=progress.done),
        extra=UndoExtra(progress=progress),
    )


COMMAND = Command(
    name=ACTION.name,
    arguments=UndoArguments,
    role=Role.OPERATOR,
    result=UndoResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    finished=finished,
    action=ACTION,
    examples=(
        "undo",
        "undo 12",
        "undo #345",
    ),
)
