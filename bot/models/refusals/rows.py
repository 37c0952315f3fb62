"""Refusals of a single job or failed job; `id` is its id as text."""

from dataclasses import dataclass
from datetime import datetime

from bot.models.refusals.base import Refusal


@dataclass(eq=False, kw_only=True)
class JobNotFound(Refusal):
    """The job was processed or has failed; or `by` removed it with `action` at `at`."""

    code = "job-not-found"

    id: str
    by: str | None = None
    action: str | None = None
    at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class FailedJobNotFound(Refusal):
    """The failed job was retried or deleted, by `by` with `action` at `at` if that is recorded.

    `is_order`: there is no record of the id, but an order with this number has failed jobs.
    """

    code = "failed-job-not-found"

    id: str
    by: str | None = None
    action: str | None = None
    at: datetime | None = None
    is_order: bool = False


@dataclass(eq=False, kw_only=True)
class Changed(Refusal):
    """The row changed after the person saw it, so the request left it alone."""

    code = "changed"

    id: str


@dataclass(eq=False, kw_only=True)
class NotReserved(Refusal):
    """No worker holds the job; `by` released it with `action` at `at` if anybody did."""

    code = "not-reserved"

    id: str
    by: str | None = None
    action: str | None = None
    at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class ReservedAgain(Refusal):
    """A worker took the job at `at`, after the person saw it, so the request left it alone."""

    code = "reserved-again"

    id: str
    at: datetime


@dataclass(eq=False, kw_only=True)
class ReservedRecently(Refusal):
    """A worker holds the job only since `at`; `force=yes` releases it anyway."""

    code = "reserved-recently"

    id: str
    at: datetime


@dataclass(eq=False, kw_only=True)
class RowTooLong(Refusal):
    """A value of the failed job does not fit into the column `detail`, so nothing was changed."""

    code = "row-too-long"

    id: str
    detail: str


@dataclass(eq=False, kw_only=True)
class RowWouldChange(Refusal):
    """The table `detail` would have stored another queue or payload, so nothing was changed."""

    code = "row-would-change"

    id: str
    detail: str


@dataclass(eq=False, kw_only=True)
class RowHasChildren(Refusal):
    """Rows of the table `detail` refer to this row, and the database would delete or change them.

    `force=yes` changes the row anyway; an undo does not restore those other rows.
    """

    code = "row-has-children"

    id: str
    detail: str


@dataclass(eq=False, kw_only=True)
class RowRefused(Refusal):
    """The database refused the row; `detail` is its reason, without secrets."""

    code = "row-refused"

    id: str
    detail: str
