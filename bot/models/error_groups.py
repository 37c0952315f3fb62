"""The error groups that `/queue errors` and `/queue error` show. This module has no SQL."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.models.jobs import FailedJob, QueueCount
from bot.models.value import Value, is_empty

HOURS = 24
"""The number of hours in the bar, including the current hour."""
RECENT_MINUTES = 10
"""A group is still failing if a failure of these last minutes is still in `failed_jobs`."""
RECENT_AT_MOST = 100
"""The highest count of recent failures."""


class ErrorGroup(Value):
    """One error group, known as `E12`.

    `failed` counts the group's rows that are in `failed_jobs` now. `appeared` counts all failures
    of the group, retried or not, in the answer's window. An answer without a window counts the
    hours of the bar. `hours` are the bar's counts, oldest first; the last hour has not ended.
    `recent` counts the failures of the last `RECENT_MINUTES`, at most `RECENT_AT_MOST`.
    `still_failing`: a recent failure is still in `failed_jobs`. Times are the queue's wall clock.
    `orders` are the orders of the newest failures. If these have no order, `subjects` are the
    values of their other subjects, by name.
    """

    error: str
    name: str
    failed: int
    appeared: int
    recent: int
    still_failing: bool
    first_at: str | None
    last_at: str | None
    queues: tuple[QueueCount, ...]
    orders: tuple[str, ...]
    subjects: dict[str, tuple[str, ...]] = Field(default={}, exclude_if=is_empty)
    hours: tuple[int, ...]


class ErrorGroups(Value):
    """Error groups, most failed jobs first. `count` and `failed` are totals of all groups.

    With `since`, the counts include only jobs that failed at this time or later.
    """

    errors: tuple[ErrorGroup, ...]
    count: int
    failed: int
    since: str | None
    timestamp: str


class ErrorsListed(Value):
    """Data for the buttons. `indexing`: the bot still indexes failures from before its first start.

    `whole`: the person typed a limit, so the answer shows all groups up to this limit. `asked` is
    the start of the requested period, on the queue's wall clock. The answer's `since` may be
    earlier, because failures are counted by the hour.
    """

    arguments: dict[str, str | int]
    after: int
    indexing: bool
    whole: bool = False
    asked: str | None = None


class ErrorDetail(Value):
    """One error group. `exception` is the masked text of its newest failure in `failed_jobs`."""

    group: ErrorGroup
    exception: str | None
    failed_jobs: tuple[FailedJob, ...]


class MergedGroup(Value):
    """A group that is merged into another group. `by` is None if new rules merged the group."""

    error: str
    name: str
    by: str | None
    at: datetime


class MergeDetails(Value):
    """A group and the group that includes its failures, with both counts from before the change.

    `state`: the merge is only previewed, has begun, or has ended.
    """

    error: str
    name: str
    failed: int
    into: str
    into_name: str
    into_failed: int
    state: Literal["preview", "merged", "ended"]


class Note(Value):
    """The runbook note of an error group, its author and its time (naive UTC)."""

    text: str
    by: str
    at: datetime


class NoteDetails(Value):
    """A group after a change of its note; None: no note. `earlier` is the replaced note."""

    error: str
    name: str
    text: str | None
    earlier: str | None


class ErrorDetailListed(Value):
    """The row digests of the listed failures by id, the note, and the groups merged into it."""

    row_digests: dict[int, str]
    note: Note | None = None
    merged: tuple[MergedGroup, ...] = ()
