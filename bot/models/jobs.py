"""Answers about the queue. Their fields are the JSON keys of `data` in the spec."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LONGEST_ORDER = 64
"""The index of failures keeps at most this many characters of an order's number."""


class Value(BaseModel):
    """An immutable answer."""

    model_config = ConfigDict(frozen=True)


def is_empty(value: object) -> bool:
    """Whether a field has no value; such a field is left out, so that the JSON is the spec's."""
    return not value


class QueueCount(Value):
    """The number of jobs in one queue."""

    queue: str
    count: int


class OldestPending(Value):
    """The pending job with the lowest `created_at`. Times are in unix seconds.

    `available_at` is None if its column is empty.
    """

    queue: str
    created_at: int
    available_at: int | None


class QueueStatus(Value):
    """GET status: the counts per queue, and the oldest pending job with its age in seconds."""

    pending_jobs: tuple[QueueCount, ...]
    reserved_jobs: tuple[QueueCount, ...]
    failed_jobs_count: int
    oldest_pending_age_seconds: int | None
    oldest_pending_job: OldestPending | None
    timestamp: str


JobState = Literal["pending", "reserved", "all"]


class Job(Value):
    """A row of `jobs`. `*_human` times are in the configured zone; the age counts from creation.

    A field is None if its column is empty. `subjects` are further subjects by name.
    """

    id: int
    queue: str
    attempts: int | None
    max_attempts: int | None
    job_class: str | None
    order_id: int | str | None
    tienda_id: int | str | None
    subjects: dict[str, int | str] = Field(default={}, exclude_if=is_empty)
    created_at_human: str | None
    available_at_human: str | None
    reserved_at_human: str | None
    age_seconds: int | None


class JobFilters(Value):
    """The filters of a list of jobs."""

    queue: str | None
    status: JobState
    limit: int


class JobList(Value):
    """GET jobs."""

    jobs: tuple[Job, ...]
    count: int
    filters: JobFilters


class FailedJob(Value):
    """A row of `failed_jobs`. `exception_short` is 100 characters of the first line, then `...`."""

    id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    tienda_id: int | str | None
    subjects: dict[str, int | str] = Field(default={}, exclude_if=is_empty)
    exception_short: str
    failed_at: str


class FailedJobList(Value):
    """GET failed."""

    failed_jobs: tuple[FailedJob, ...]
    count: int


class JobDetail(Value):
    """All details of one job. `payload` is masked; `row_digest` identifies the row's content.

    `reserved_at` is in unix seconds, for the button that releases the job. `facts` are
    data about the job from its payload, by key; the layout of the queue's tables reads these data.
    """

    job: Job
    state: Literal["pending", "reserved", "delayed"]
    payload: str
    row_digest: str
    reserved_at: int | None = Field(default=None, exclude=True)
    facts: dict[str, str] = {}


class FailedJobDetail(Value):
    """All details of one failed job. `payload` is masked; `exception` is masked but not shortened.

    `error` is the id of its error group, such as E12, if the index of failures has the job. `facts`
    is defined as in `JobDetail`.
    """

    failed_job: FailedJob
    error_group: str
    error: str | None = None
    exception: str
    payload: str
    row_digest: str
    facts: dict[str, str] = {}


class Retried(Value):
    """POST retry/{id}: the queue to which the job returned, and the time of its failure."""

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
    """One failed job that was retried, with its new id in `jobs`.

    `edited`: the numbers that the retry changed in the payload, by key.
    """

    failed_id: int
    job_id: int
    queue: str
    failed_at: str
    job_class: str | None
    order_id: int | str | None
    subjects: dict[str, int | str] = Field(default={}, exclude_if=is_empty)
    edited: dict[str, int | None] = {}


class DeletedRow(Value):
    """One deleted job or failed job. `reserved`: a worker may still finish the job."""

    id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    subjects: dict[str, int | str] = Field(default={}, exclude_if=is_empty)
    failed_at: str | None = None
    attempts: int | None = None
    reserved: bool = False


class SkippedRow(Value):
    """A skipped row. `code` is the refusal's code; `by` and `at` describe an earlier change.

    `job` is the job that a retry made from the row. `detail` is the column that is too short, the
    table that would change the row, or the database's reason. `is_order` has the meaning that it
    has in `FailedJobNotFound`.
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
    """A row that an undo restored. `new_id` is set if another row has the old id.

    `job_id` is the job that the undo removed from the queue. `reserved`: the job was reserved.
    """

    kind: Literal["failed", "job"]
    id: int
    new_id: int | None
    queue: str
    job_class: str | None
    order_id: int | str | None
    subjects: dict[str, int | str] = Field(default={}, exclude_if=is_empty)
    job_id: int | None = None
    reserved: bool = False


class Undone(Value):
    """The number of restored rows, and the author and time (naive UTC) of the undone change."""

    restored_count: int
    action: str
    by: str
    at: datetime


class UndoneCount(Value):
    """The number of failed jobs that the undo of an operation restored."""

    restored_count: int


class Listed(Value):
    """The additional data for the buttons of a list.

    The data are the row digests by id and the arguments of the request. The button for the next
    page adds `after` to these arguments. `partial`: only the lowest and the highest ids were
    scanned. `whole`: the person typed a limit, so the list shows all rows up to this limit,
    including rows without buttons. `reserved_at` has, by id, the time when a worker took the
    reserved job (unix seconds). A reservation expires after `retry_after` seconds, or never.
    """

    row_digests: dict[int, str]
    arguments: dict[str, str | int]
    partial: bool = False
    whole: bool = False
    reserved_at: dict[int, int] = {}
    retry_after: int | None = None


class StuckJobs(Value):
    """Jobs that have been reserved for at least the given seconds, longest first."""

    jobs: tuple[Job, ...]
    count: int
    older_seconds: int


class Released(Value):
    """A released job, which is pending again; its attempts are unchanged."""

    queue: str
    attempts: int | None


class ReleasedCount(Value):
    """The number of released jobs, which are pending again."""

    released_count: int


class ReleasedJob(Value):
    """One released job. `held_seconds` is how long a worker held the job."""

    id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    subjects: dict[str, int | str] = Field(default={}, exclude_if=is_empty)
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
