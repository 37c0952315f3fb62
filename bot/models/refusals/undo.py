"""Refusals of an undo; `id` is the id, as text, of the row to restore."""

from dataclasses import dataclass
from datetime import datetime

from bot.models.refusals.base import Refusal


@dataclass(eq=False, kw_only=True)
class NothingToUndo(Refusal):
    """The person made no change in the last `days` days that can be undone now."""

    code = "nothing-to-undo"
    outcome = "no-op"

    days: int


@dataclass(eq=False, kw_only=True)
class ChangeNotFound(Refusal):
    """No change is recorded as `word`."""

    code = "change-not-found"

    word: str


@dataclass(eq=False, kw_only=True)
class NotUndoable(Refusal):
    """The `action` removed no row, or kept no copy of one."""

    code = "not-undoable"

    action: str


@dataclass(eq=False, kw_only=True)
class UndoExpired(Refusal):
    """The archive keeps copies for `days` days, and the change's copies were purged."""

    code = "undo-expired"

    days: int


@dataclass(eq=False, kw_only=True)
class AlreadyUndone(Refusal):
    """`by` undid the change at `at`."""

    code = "already-undone"

    by: str
    at: datetime | None


@dataclass(eq=False, kw_only=True)
class JobTaken(Refusal):
    """A worker holds or has tried the retried `job`, so the undo cannot remove it any more."""

    code = "job-taken"

    id: str
    job: str


@dataclass(eq=False, kw_only=True)
class JobGone(Refusal):
    """The retried `job` is no longer in the queue; `by` deleted it at `at` if anybody did."""

    code = "job-gone"

    id: str
    job: str
    by: str | None = None
    at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class RowThere(Refusal):
    """The row is already in its table, with the same content."""

    code = "row-there"

    id: str
