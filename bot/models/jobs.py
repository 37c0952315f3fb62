"""Answers about the queue; their fields are the JSON of the spec's `data`."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LONGEST_ORDER = 64
"""The length of an order's number in the index of failures; longer ones are cut."""


class Value(BaseModel):
    """An immutable answer."""

    model_config = ConfigDict(frozen=True)


class QueueCount(Value):
    """How many jobs one queue holds."""

    queue: str
    count: int


class OldestPending(Value):
    """The pending job with the lowest `created_at`; times in unix seconds.

    `available_at` is None if its column is empty.
    """

    queue: str
    created_at: int
    available_at: int | None


class QueueStatus(Value):
    """GET status: counts per queue and the oldest pending job, with its age in seconds."""

    pending_jobs: tuple[QueueCount, ...]
    reserved_jobs: tuple[QueueCount, ...]
    failed_jobs_count: int
    oldest_pending_age_seconds: int | None
    oldest_pending_job: OldestPending | None
    timestamp: str


JobState = Literal["pending", "reserved", "all"]


class Job(Value):
    """A row of `jobs`; `*_human` in the configured time zone, `age_seconds` since creation.

    A field is None if its column is empty.
    """

    id: int
    queue: str
    attempts: int | None
    max_attempts: int | None
    job_class: str | None
    order_id: int | str | None
    tienda_id: int | str | None
    created_at_human: str | None
    available_at_human: str | None
    reserved_at_human: str | None
    age_seconds: int | None


class JobFilters(Value):
    """The filters that a list of jobs was read with."""

    queue: str | None
    status: JobState
    limit: int


class JobList(Value):
    """GET jobs."""

    jobs: tuple[Job, ...]
    count: int
    filters: JobFilters


class FailedJob(Value):
    """A row of `failed_jobs`; `exception_short` is the first line, 100 characters, then `...`."""

    id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    tienda_id: int | str | None
    exception_short: str
    failed_at: str


class FailedJobList(Value):
    """GET failed."""

    failed_jobs: tuple[FailedJob, ...]
    count: int


class JobDetail(Value):
    """Everything about one job; `payload` is masked, `row_digest` identifies the row's content.

    `reserved_at` is in unix seconds, for the button that releases the job.
    """

    job: Job
    state: Literal["pending", "reserved", "delayed"]
    payload: str
    row_digest: str
    reserved_at: int | None = Field(default=None, exclude=True)


class FailedJobDetail(Value):
    """Everything about one failed job; `payload` is masked, `exception` masked and in full.

    `error` is the id of its error group, such as E12, if the index has the failure.
    """

    failed_job: FailedJob
    error_group: str
    error: str | None = None
    exception: str
    payload: str
    row_digest: str


class Retried(Value):
    """POST retry/{id}: where the job went back to and when it had failed."""

    queue: str
    failed_at: str


class RetriedCount(Value):
    """POST retry-all-failed, and a retry of several ids."""

    retried_count: int


class Deleted(Value):
    """DELETE jobs/{id}."""

    queue: str
    attempts: int | None


class DeletedFailed(Value):
    """DELETE failed/{id}."""

    queue: str
    failed_at: str


class DeletedCount(Value):
    """POST clear-failed, and a delete of several ids."""

    deleted_count: int


class RetriedJob(Value):
    """One failed job that went back to `jobs`, under its new id."""

    failed_id: int
    job_id: int
    queue: str
    failed_at: str
    job_class: str | None
    order_id: int | str | None


class DeletedRow(Value):
    """One job or failed job that was deleted; `reserved`: a worker may still finish it."""

    id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    failed_at: str | None = None
    attempts: int | None = None
    reserved: bool = False


class SkippedRow(Value):
    """A skipped row; `code` is the refusal's, `by` and `at` say who changed the row before.

    `job` is the job that a retry made of the row. `detail` is the column that is too short, the
    table that would change the row, or the database's reason. `is_order`: as in
    `FailedJobNotFound`.
    """

    id: int
    code: str
    job: str | None = None
    by: str | None = None
    action: str | None = None
    at: datetime | None = None
    detail: str | None = None
    is_order: bool = False


class DeletedRows(Value):
    """The deleted rows, and the skipped ids."""

    jobs: tuple[DeletedRow, ...]
    skipped: tuple[SkippedRow, ...]


class RestoredRow(Value):
    """A row that an undo restored; `new_id` is set if another row has its old id.

    `job_id` is the job that the undo removed from the queue; `reserved` is its state before.
    """

    kind: Literal["failed", "job"]
    id: int
    new_id: int | None
    queue: str
    job_class: str | None
    order_id: int | str | None
    job_id: int | None = None
    reserved: bool = False


class Undone(Value):
    """How many rows an undo restored, and who made the undone change and when (naive UTC)."""

    restored_count: int
    action: str
    by: str
    at: datetime


class UndoneCount(Value):
    """How many failed jobs the undo of an operation restored."""

    restored_count: int


class Listed(Value):
    """The data that a list's buttons need besides its rows.

    These are the row digests by id, and the arguments of the request, to which the button for the
    next page adds `after`. `partial`: only the lowest and the highest ids were scanned. `whole`:
    the person typed a limit, so all of its rows are shown, also those without room for buttons.
    `reserved_at` is when each reserved job was taken (unix seconds), by id.
    """

    row_digests: dict[int, str]
    arguments: dict[str, str | int]
    partial: bool = False
    whole: bool = False
    reserved_at: dict[int, int] = {}


class StuckJobs(Value):
    """Jobs that are reserved for at least so many seconds, longest first."""

    jobs: tuple[Job, ...]
    count: int
    older_seconds: int


class Released(Value):
    """A job that is pending again, with its attempts unchanged."""

    queue: str
    attempts: int | None


class ReleasedCount(Value):
    """How many jobs of a list are pending again."""

    released_count: int


class ReleasedJob(Value):
    """One released job; `held_seconds` is how long a worker had held it."""

    id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    attempts: int | None
    max_attempts: int | None
    held_seconds: int


class ReleasedJobs(Value):
    """The released jobs, and the skipped ids.

    A job that had been reserved for less than `limit_seconds` was released by force.
    """

    jobs: tuple[ReleasedJob, ...]
    skipped: tuple[SkippedRow, ...]
    limit_seconds: int
