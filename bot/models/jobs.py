"""Answers about the queue. Their fields are the JSON keys of `data` in the spec."""

from typing import Literal

from pydantic import Field

from bot.models.job_batches import JobBatch
from bot.models.value import Value, is_empty

LONGEST_ORDER = 64
"""The index of failures keeps at most this many characters of an order's number."""


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
    `batch` is the batch of the framework that the job belongs to.
    """

    job: Job
    state: Literal["pending", "reserved", "delayed"]
    payload: str
    row_digest: str
    reserved_at: int | None = Field(default=None, exclude=True)
    facts: dict[str, str] = Field(default={})
    batch: JobBatch | None = Field(default=None, exclude_if=is_empty)


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
    facts: dict[str, str] = Field(default={})
    batch: JobBatch | None = Field(default=None, exclude_if=is_empty)


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
    reserved_at: dict[int, int] = Field(default={})
    retry_after: int | None = None


class StuckJobs(Value):
    """Jobs that have been reserved for at least the given seconds, longest first."""

    jobs: tuple[Job, ...]
    count: int
    older_seconds: int
