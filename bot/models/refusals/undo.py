"""Refusals of an undo. `id` is the id of the row to restore, as text."""

from dataclasses import dataclass
from datetime import datetime

from bot.models.refusals.base import Refusal


@dataclass(eq=False, kw_only=True)
class NothingToUndo(Refusal):
    """The person has no change from the last `days` days that an undo can restore now."""

    code = "nothing-to-undo"
    outcome = "no-op"

    days: int


@dataclass(eq=False, kw_only=True)
class ChangeNotFound(Refusal):
    """The audit log has no change with the id `word`."""

    code = "change-not-found"

    word: str


@dataclass(eq=False, kw_only=True)
class NotUndoable(Refusal):
    """The command `action` removed no rows, or kept no copies of them."""

    code = "not-undoable"

    action: str


@dataclass(eq=False, kw_only=True)
class UndoExpired(Refusal):
    """The archive keeps copies for `days` days. The copies of this change were purged."""

    code = "undo-expired"

    days: int


@dataclass(eq=False, kw_only=True)
class AlreadyUndone(Refusal):
    """The change is already undone, by `by` at `at`."""

    code = "already-undone"

    by: str
    at: datetime | None


@dataclass(eq=False, kw_only=True)
class JobTaken(Refusal):
    """A worker holds or tried the retried `job`, so the undo can no longer remove the job."""

    code = "job-taken"

    id: str
    job: str


@dataclass(eq=False, kw_only=True)
class JobGone(Refusal):
    """The retried `job` is no longer in the queue; `by` and `at` are set if a person deleted it."""

    code = "job-gone"

    id: str
    job: str
    by: str | None = None
    at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class RowThere(Refusal):
    """The row to restore is already in its table and has the same content."""

    code = "row-there"

    id: str
