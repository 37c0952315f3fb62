"""Refusals about a single job or failed job. `id` is the job's id as text."""

from dataclasses import dataclass
from datetime import datetime

from bot.models.refusals.base import Refusal


@dataclass(eq=False, kw_only=True)
class JobNotFound(Refusal):
    """The job was processed or failed, or `by` removed it with the command `action` at `at`."""

    code = "job-not-found"

    id: str
    by: str | None = None
    action: str | None = None
    at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class FailedJobNotFound(Refusal):
    """The failed job was retried or deleted; `by`, `action` and `at` are set if this is recorded.

    `is_order`: the id has no audit record, but an order with this number has failed jobs. Without
    orders, the id is a value of the first subject of the settings.
    """

    code = "failed-job-not-found"

    id: str
    by: str | None = None
    action: str | None = None
    at: datetime | None = None
    is_order: bool = False


@dataclass(eq=False, kw_only=True)
class Changed(Refusal):
    """The row changed after the person saw it, so the request did not change the row."""

    code = "changed"

    id: str


@dataclass(eq=False, kw_only=True)
class NotReserved(Refusal):
    """No worker holds the job; `by`, `action` and `at` are set if a person released the job."""

    code = "not-reserved"

    id: str
    by: str | None = None
    action: str | None = None
    at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class ReservedAgain(Refusal):
    """A worker took the job at `at`, after the person saw it. The job was not changed."""

    code = "reserved-again"

    id: str
    at: datetime


@dataclass(eq=False, kw_only=True)
class ReservedRecently(Refusal):
    """A worker took the job recently, at `at`. `force=yes` releases the job anyway."""

    code = "reserved-recently"

    id: str
    at: datetime


@dataclass(eq=False, kw_only=True)
class RowTooLong(Refusal):
    """A value of the failed job is too long for the column `detail`. Nothing was changed."""

    code = "row-too-long"

    id: str
    detail: str


@dataclass(eq=False, kw_only=True)
class RowWouldChange(Refusal):
    """The table `detail` would store a different queue or payload. Nothing was changed."""

    code = "row-would-change"

    id: str
    detail: str


@dataclass(eq=False, kw_only=True)
class RowHasChildren(Refusal):
    """The database would delete or change rows of the table `detail` that refer to this row.

    `force=yes` changes the row anyway. An undo does not restore the rows of `detail`.
    """

    code = "row-has-children"

    id: str
    detail: str


@dataclass(eq=False, kw_only=True)
class RowRefused(Refusal):
    """The database refused the row. `detail` is the database's reason, without secrets."""

    code = "row-refused"

    id: str
    detail: str


@dataclass(eq=False, kw_only=True)
class OtherConnection(RowRefused):
    """The failed job came from the connection `detail`, not from the table of jobs."""

    code = "other-connection"
