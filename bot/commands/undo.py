"""`/queue undo`: put back what a retry or a delete took away, as it was."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.ledger.changes import Named
from bot.model import Message, Role
from bot.queue.model import RestoredRow, SkippedRow, Undone, Value
from bot.registry import Arguments, Command, Effect, Result, Work
from bot.undoing import change_to_undo, undo
from bot.views.context import Context
from bot.views.undo import undone, undone_visible


def _read(value: object) -> object:
    """`7` is an operation, `#12` a record of the audit."""
    words = value if isinstance(value, list | tuple) else [value]
    if len(words) != 1:
        raise ValueError("one:")
    word = str(words[0])
    digits = word.removeprefix("#")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise ValueError(f"id:{word[:20]}")
    return Named(int(digits), in_audit=word.startswith("#"))


class UndoArguments(Arguments):
    """Which change: an operation, a record of the audit, or the `request` that a button names.

    None of them: the person's own last change that was not undone yet.
    """

    what: Annotated[Named, BeforeValidator(_read)] | None = Field(
        default=None, json_schema_extra={"positional": "OPERATION|#RECORD"}
    )
    request: str | None = Field(
        default=None, pattern="^[0-9a-f]{64}$", json_schema_extra={"internal": True}
    )


class UndoExtra(Value):
    """The rows that are back, and those that could not be put back."""

    rows: tuple[RestoredRow, ...]
    skipped: tuple[SkippedRow, ...]


class UndoResult(Result):
    """What was undone, and how many rows are back."""

    data: Undone
    extra: UndoExtra


def run(work: Work, args: UndoArguments) -> UndoResult:
    """Find the change, check whose it is, lock, compare, put back; the row counts decide."""
    change = change_to_undo(work, args.what, args.request)
    done = undo(work, change)
    rows = done.rows
    single = len(rows) == 1
    return UndoResult(
        message=f"Restored {_name(rows[0])}" if single else f"Restored {len(rows)} rows",
        data=Undone(restored_count=len(rows), action=change.action, by=change.actor, at=change.at),
        extra=UndoExtra(rows=rows, skipped=done.skipped),
        targets=done.targets,
        undone=None if done.is_left else change.request_id,
    )


def _name(row: RestoredRow) -> str:
    return f"{'failed job' if row.kind == 'failed' else 'job'} {row.new_id or row.id}"


def view(result: UndoResult, context: Context) -> Message:
    """What is back, and what could not be undone and why."""
    return undone(result.data, result.extra.rows, result.extra.skipped, context)


def visible(result: UndoResult, context: Context) -> Message:
    """The same for the channel, by whom."""
    return undone_visible(result.data, result.extra.rows, context)


COMMAND = Command(
    name="undo",
    arguments=UndoArguments,
    role=Role.OPERATOR,
    result=UndoResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
)
