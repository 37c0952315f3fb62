"""Answers about changes of jobs. Their fields are the JSON keys of `data` in the spec."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.models.job_batches import JobBatch
from bot.models.value import Value, is_empty


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

    `edited`: the numbers that the retry changed in the payload, by key. `batch` is defined as in
    `JobDetail`.
    """

    failed_id: int
    job_id: int
    queue: str
    failed_at: str
    job_class: str | None
    order_id: int | str | None
    subjects: dict[str, int | str] = Field(default={}, exclude_if=is_empty)
    batch: JobBatch | None = Field(default=None, exclude_if=is_empty)
    edited: dict[str, int | None] = Field(default={})


class DeletedRow(Value):
    """One deleted job or failed job. `reserved`: a worker may still finish the job."""

    id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    subjects: dict[str, int | str] = Field(default={}, exclude_if=is_empty)
    batch: JobBatch | None = Field(default=None, exclude_if=is_empty)
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
