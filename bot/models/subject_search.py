"""The results of a search for a subject's jobs, and how many rows were scanned."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.models.jobs import FailedJob, Job
from bot.models.value import Value, is_empty

JobPlace = Literal["pending", "delayed", "reserved"]


class FoundJob(Value):
    """A job of the subject. `created_at` is naive UTC; the digests are the digests of its row.

    `reserved_at` is in unix seconds, for the button that releases the job.
    """

    job: Job
    state: JobPlace
    created_at: datetime
    row_digest: str
    payload_digest: str
    reserved_at: int | None = Field(default=None, exclude=True)


class FoundFailed(Value):
    """A failed job of the subject that the index of failures does not have yet."""

    failed_job: FailedJob
    failed_at: datetime
    row_digest: str


class Looked(Value):
    """The number of scanned rows: first rows with the newest ids, then rows with the oldest ids.

    `complete`: the scan covered all rows. `in_time`: the scan ended before its deadline. `more`:
    the scan ended early, because the subject has more jobs than one answer shows.
    """

    newest: int = 0
    oldest: int = 0
    complete: bool = True
    in_time: bool = True
    more: bool = Field(default=False, exclude_if=is_empty)
