"""What a search for an order's jobs came upon, and how far it looked."""

from datetime import datetime
from typing import Literal

from bot.models.jobs import FailedJob, Job, Value

JobPlace = Literal["pending", "delayed", "reserved"]


class FoundJob(Value):
    """A job of the order; `created_at` is naive UTC, the digests are those of the row."""

    job: Job
    state: JobPlace
    created_at: datetime
    row_digest: str
    payload_digest: str


class FoundFailed(Value):
    """A failed job of the order that the index of failures does not hold yet."""

    failed_job: FailedJob
    failed_at: datetime
    row_digest: str


class Looked(Value):
    """How many rows were looked at: of the newest ids, then of the oldest.

    `complete`: there are no others. `in_time`: the time was enough for what was to be looked at.
    """

    newest: int = 0
    oldest: int = 0
    complete: bool = True
    in_time: bool = True
