"""The ledger's values that answers and views show. No SQL."""

from datetime import datetime
from typing import Any, Literal

from pydantic import computed_field

from bot.models.jobs import SkippedRow, Value

OPERATOR_ROWS = 500
"""What an operator may change at once; more is for admins."""


class Target(Value):
    """A row that a change touched, as the audit keeps it; `job_id` is what a retry made of it."""

    kind: Literal["failed", "job"]
    id: int
    queue: str
    row_digest: str
    order_id: int | str | None = None
    tienda_id: int | str | None = None
    job_id: int | None = None


class Named(Value):
    """A row that a refused request named; whether it is there, nobody looked."""

    kind: Literal["failed", "job"]
    id: int


class Scope(Value):
    """Which failures: all of these hold. Moments are of the queue's wall clock.

    `ids` are of failed jobs; at most `limit`, those first seen first. With `undo` those that this
    operation took, whatever else was asked for then.
    """

    queue: str | None = None
    error_group: int | None = None
    order_id: str | None = None
    tienda_id: str | None = None
    failed_before: datetime | None = None
    failed_after: datetime | None = None
    ids: tuple[int, ...] = ()
    limit: int | None = None
    undo: int | None = None

    def words(self) -> dict[str, Any]:
        """What of it is set, by the names of the commands' arguments, for the audit."""
        error = None if self.error_group is None else f"E{self.error_group}"
        said = {
            "queue": self.queue,
            "error": error,
            "order": self.order_id,
            "tienda": self.tienda_id,
            "before": self.failed_before,
            "after": self.failed_after,
            "ids": self.ids or None,
            "limit": self.limit,
        }
        return {name: value for name, value in said.items() if value is not None}


class Share(Value):
    """How much of a scope one queue or one error group is."""

    name: str
    count: int


class Freeze(Value):
    """All changes are off: since when (naive UTC), by whom, and why."""

    by: str
    at: datetime
    reason: str | None = None


class SampleJob(Value):
    """One failure of a scope."""

    failed_id: int
    order_id: str | None
    job_class: str | None


class Preview(Value):
    """A frozen scope as it is shown before it is confirmed; `bytes` of payload and exception.

    `plan` is what a confirmation names; `indexing` warns that older failures are still being read
    in and are not part of the scope. `rate` (jobs a minute) and `canary` (jobs tried first) are
    what was asked for; without `archive` nothing will be kept.
    """

    plan: int
    action: str
    scope: Scope
    total: int
    bytes: int
    queues: tuple[Share, ...]
    error_groups: tuple[Share, ...]
    other_groups: int
    oldest: datetime
    newest: datetime
    samples: tuple[SampleJob, ...] = ()
    duplicates: "Duplicates | None" = None
    rate: int | None = None
    canary: int | None = None
    archive: bool = True
    indexing: bool = False
    # Changes are off now, so that it cannot be confirmed yet.
    freeze: Freeze | None = None

    @computed_field  # type: ignore[prop-decorator] # as pydantic documents it
    @property
    def pace(self) -> int | None:
        """The rate under its old name, for readers of the JSON."""
        return self.rate


class Progress(Value):
    """How far a bulk change is; `state` is running, done, cancelled or stopped."""

    operation: int
    action: str
    state: str
    total: int
    done: int
    skipped: int
    actor: str
    seconds: int
    reason: str | None = None
    # Whether the archive keeps what was taken, so that it can be undone.
    kept: bool = False
    # Changes are off now: it stands between two batches.
    freeze: Freeze | None = None
    outcomes: "Outcomes | None" = None
    rate: int | None = None
    undone: "PutBack | None" = None
    # Failed jobs that the database refused to move: how many of the skipped ones, and the first.
    refused_count: int = 0
    refused: tuple[SkippedRow, ...] = ()

    @computed_field  # type: ignore[prop-decorator] # as pydantic documents it
    @property
    def pace(self) -> int | None:
        """The rate under its old name, for readers of the JSON."""
        return self.rate


class PutBack(Value):
    """That a bulk undo put `count` failed jobs of a bulk change back, by whom and when (UTC)."""

    by: str
    at: datetime
    count: int


class Outcomes(Value):
    """What became of the jobs of a bulk retry so far, counted; `seconds` since it began.

    `state`: following, settled (all is known), stopped (not followed any longer). Of an operation
    that waits for its first jobs: those alone, `canary` of them, with an `error` of one that failed
    (masked, one line).
    """

    processed: int
    failed_again: int
    failed_otherwise: int
    waiting: int
    no_longer_queued: int
    seconds: int
    state: str
    canary: int = 0
    error: str | None = None


class Duplicates(Value):
    """What of a scope a retry may do twice; None: it could not be told in time.

    `queued`: failures of an order that has a job in the same queue now; `identical`: failures with
    the queue and the payload of another one; `processed_later`: failures of an order that a retried
    job went through with since. `bounded`: not everything was looked at.
    """

    queued: int | None
    queued_orders: tuple[str, ...] = ()
    identical: int | None
    processed_later: int | None
    processed_orders: tuple[str, ...] = ()
    bounded: bool


class Receipt(Value):
    """What became of a job that was retried as `job_id`, `seconds` after its retry.

    `again_id` and `error` (masked, one line) are of the new failure where it failed again; `same`
    says that it has the error group that it had. `by` and `how`: who took it out of the queue.
    """

    failed_id: int
    job_id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    state: str
    seconds: int
    late: bool = False
    by: str | None = None
    how: str | None = None
    again_id: int | None = None
    error: str | None = None
    same: bool = False


class AuditLine(Value):
    """One audit record as the history and the audit channel show it; `at` is naive UTC."""

    id: int = 0
    at: datetime
    actor: str
    action: str
    outcome: str
    source: str
    role: str
    targets: tuple[Target, ...]
    channel: str | None
    message_ts: str | None
    reason: str | None
    answer: str
    arguments: str
    detail: str | None = None
    seq: int | None = None
    hash: str | None = None
