"""The values of one subject's story: failures, people's actions, and outcomes. No SQL here.

All times are naive UTC.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from bot.models.actions import CountsAs
from bot.models.job_batches import JobBatch
from bot.models.subject_search import FoundJob, Looked
from bot.models.value import Value, is_empty

Fate = Literal[
    "waiting",
    "processed",
    "failed-again",
    "failed-otherwise",
    "no-longer-queued",
    "stopped-following",
]
"""The outcome of a retried job. `failed-otherwise`: the job failed with a different error."""


class Became(Value):
    """The outcome of a retried job, the time when it was known, and the new failure if any.

    `by` and `how` are the person and the command that removed the job from the queue.
    """

    fate: Fate
    at: datetime | None = None
    failed_id: int | None = None
    by: str | None = None
    how: str | None = None


class Failure(Value):
    """A failure of the subject. `there`: its row is still in `failed_jobs`. `error` is masked."""

    what: Literal["failure"] = "failure"
    at: datetime
    failed_id: int
    queue: str
    job_class: str | None
    order_id: str | None
    tienda_id: str | None
    subjects: dict[str, str] = Field(default={}, exclude_if=is_empty)
    error: str
    row_digest: str
    there: bool


class Gone(Value):
    """The removal of a failure's row without a command of the bot."""

    what: Literal["gone"] = "gone"
    at: datetime
    failed_id: int
    queue: str


class Act(Value):
    """An executed or refused action of a person. `outcome` is the word from the audit log.

    `row` and `row_id` are the target of the action: a failed job or a job. If the target is the
    subject in a filter, there is no `row_id`. `operation` is the operation that contained the
    action. `kept`: the archive has the row.
    """

    what: Literal["act"] = "act"
    at: datetime
    actor: str
    action: str
    outcome: str
    reason: str | None = None
    row: Literal["failed", "job", "order"]
    row_id: int
    job_id: int | None = None
    operation: int | None = None
    kept: bool = False
    counts_as: CountsAs | None = Field(default=None, exclude=True)
    became: Became | None = None

    @property
    def is_retry(self) -> bool:
        """Whether the action put a failed job back into the queue."""
        return self.row == "failed" and self.counts_as == "retried" and self.outcome == "ok"

    @property
    def took_a_job(self) -> bool:
        """Whether the action deleted a job."""
        return self.row == "job" and self.counts_as == "deleted" and self.outcome == "ok"


class Queued(Value):
    """A job of the subject that is in `jobs` now."""

    what: Literal["queued"] = "queued"
    at: datetime
    found: FoundJob


Event = Annotated[Failure | Gone | Act | Queued, Field(discriminator="what")]


class Retrier(Value):
    """A person and the number of this person's retries."""

    actor: str
    count: int


class Retries(Value):
    """The retries of a subject or a job: their number, the people, and the last outcome."""

    count: int = 0
    by: tuple[Retrier, ...] = ()
    last: Became | None = None


class SubjectValue(Value):
    """A subject's name and value, such as the user 77."""

    name: str
    value: str


class Story(Value):
    """The events of one subject, oldest first.

    `subject` is a subject other than an order; there is then no `order_id`. `batch` is the
    framework's batch if the subject is a batch.

    `jobs` counts the scanned rows of the table `jobs`; `about` estimates the rows of this table.
    `more`: older events are omitted; `failed_count` is then the number of all failed jobs of the
    subject, or None if the count took too long. `indexing`: the bot still indexes failures from
    before its first start.
    """

    order_id: str | None
    tienda_id: str | None
    subject: SubjectValue | None = Field(default=None, exclude_if=is_empty)
    batch: JobBatch | None = Field(default=None, exclude_if=is_empty)
    events: tuple[Event, ...]
    retries: Retries
    jobs: Looked
    about: int | None
    more: bool = False
    failed_count: int | None = Field(default=None, exclude_if=is_empty)
    indexing: bool = False
