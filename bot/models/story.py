"""One order's story as values: its failures, people's actions, and their outcomes. No SQL.

All times are naive UTC.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from bot.models.actions import CountsAs
from bot.models.jobs import Value
from bot.models.order_search import FoundJob, Looked

Fate = Literal[
    "waiting",
    "processed",
    "failed-again",
    "failed-otherwise",
    "no-longer-queued",
    "stopped-following",
]
"""The outcome of a retried job; `failed-otherwise`: with another error than before."""


class Became(Value):
    """The outcome of a retried job, when it was known, and the new failure, if any.

    `by` and `how`: who removed the job from the queue, and by which command.
    """

    fate: Fate
    at: datetime | None = None
    failed_id: int | None = None
    by: str | None = None
    how: str | None = None


class Failure(Value):
    """A failure of the order; `there` while its row is in `failed_jobs`. `error` is masked."""

    what: Literal["failure"] = "failure"
    at: datetime
    failed_id: int
    queue: str
    job_class: str | None
    tienda_id: str | None
    error: str
    row_digest: str
    there: bool


class Gone(Value):
    """The row of a failure disappeared without a command of the bot."""

    what: Literal["gone"] = "gone"
    at: datetime
    failed_id: int
    queue: str


class Act(Value):
    """An action of a person, done or refused; `outcome` is the audit log's word.

    `row` and `row_id` are its target: a failed job, a job, or the order as a filter named it
    (without an id). `operation` is the operation that contained it. `kept`: the archive has the
    row.
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
    """A job of the order that is in `jobs` now."""

    what: Literal["queued"] = "queued"
    at: datetime
    found: FoundJob


Event = Annotated[Failure | Gone | Act | Queued, Field(discriminator="what")]


class Retrier(Value):
    """A person who retried, and how often."""

    actor: str
    count: int


class Retries(Value):
    """How often an order or a job was retried, by whom, and the last outcome."""

    count: int = 0
    by: tuple[Retrier, ...] = ()
    last: Became | None = None


class Story(Value):
    """The events of one order, oldest first.

    `jobs` says how many rows of `jobs` were scanned, and `about` how many rows the table has.
    `more`: older events are left out. `indexing`: failures from before the first start are still
    being indexed.
    """

    order_id: str
    tienda_id: str | None
    events: tuple[Event, ...]
    retries: Retries
    jobs: Looked
    about: int | None
    more: bool = False
    indexing: bool = False
