"""One order's story as values: what failed, who did what about it, what became of it. No SQL.

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
"""What became of a retried job; `failed-otherwise`: with another error than before."""


class Became(Value):
    """What became of a retried job, when that was known, and the failure that it became.

    `by` and `how`: who took it out of the queue, and by which command.
    """

    fate: Fate
    at: datetime | None = None
    failed_id: int | None = None
    by: str | None = None
    how: str | None = None


class Failure(Value):
    """A failure of the order's; `there` while its row is in `failed_jobs`. `error` is masked."""

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
    """A failure's row is not there any more, and nobody asked the bot for it."""

    what: Literal["gone"] = "gone"
    at: datetime
    failed_id: int
    queue: str


class Act(Value):
    """What a person did or was refused; `outcome` is the audit's word.

    `row` with `row_id` is what it was about: a failed job, a job, or the order as a filter named it
    (without an id). `operation`: the bulk change it was part of. `kept`: the archive has the row.
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
        """Whether it put a failed job back into the queue."""
        return self.row == "failed" and self.counts_as == "retried" and self.outcome == "ok"

    @property
    def took_a_job(self) -> bool:
        """Whether it deleted a job."""
        return self.row == "job" and self.counts_as == "deleted" and self.outcome == "ok"


class Queued(Value):
    """A job of the order's that is in `jobs` now."""

    what: Literal["queued"] = "queued"
    at: datetime
    found: FoundJob


Event = Annotated[Failure | Gone | Act | Queued, Field(discriminator="what")]


class Retrier(Value):
    """Who retried, and how often."""

    actor: str
    count: int


class Retries(Value):
    """How often an order or a job was retried, by whom, and what became of it the last time."""

    count: int = 0
    by: tuple[Retrier, ...] = ()
    last: Became | None = None


class Story(Value):
    """Everything about one order, oldest first.

    `jobs` says how far `jobs` was searched and `about` how many there are; `more`: older events
    were left out. `indexing`: failures from before the first start are still being read in.
    """

    order_id: str
    tienda_id: str | None
    events: tuple[Event, ...]
    retries: Retries
    jobs: Looked
    about: int | None
    more: bool = False
    indexing: bool = False
