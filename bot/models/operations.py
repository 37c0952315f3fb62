"""Values of operations, retries and audit records that answers and views show. No SQL."""

from datetime import datetime
from typing import Any, Literal

from pydantic import computed_field

from bot.models.jobs import SkippedRow, Value

OPERATOR_ROWS = 500
"""How many jobs an operator may change at once; more needs an admin."""


class Target(Value):
    """A changed row as the audit log keeps it; `job_id` is the job that a retry made of it."""

    kind: Literal["failed", "job"]
    id: int
    queue: str
    row_digest: str
    order_id: int | str | None = None
    tienda_id: int | str | None = None
    job_id: int | None = None


class Named(Value):
    """A row that a refused request named; the bot did not check whether the row exists."""

    kind: Literal["failed", "job"]
    id: int


class Scope(Value):
    """The scope of an operation: failures that match all fields. Times are the queue's wall clock.

    `ids` are of failed jobs. At most `limit` failures are taken, those first seen first. With
    `undo`, the scope is the rows that this operation took, whatever its other filters were.
    `older_than` adds failures with a lower `seq` to those of the incident.
    """

    queue: str | None = None
    error_group: int | None = None
    incident: int | None = None
    older_than: int | None = None
    order_id: str | None = None
    tienda_id: str | None = None
    failed_before: datetime | None = None
    failed_after: datetime | None = None
    ids: tuple[int, ...] = ()
    limit: int | None = None
    undo: int | None = None

    def words(self) -> dict[str, Any]:
        """Return the filters that are set, by the commands' argument names, for the audit log."""
        error = None if self.error_group is None else f"E{self.error_group}"
        filters = {
            "queue": self.queue,
            "error": error,
            "incident": None if self.incident is None else f"I{self.incident}",
            "with_older": None if self.older_than is None else "yes",
            "order": self.order_id,
            "tienda": self.tienda_id,
            "before": self.failed_before,
            "after": self.failed_after,
            "ids": self.ids or None,
            "limit": self.limit,
        }
        return {name: value for name, value in filters.items() if value is not None}


class Share(Value):
    """The share of a scope that belongs to one queue or one error group."""

    name: str
    count: int


class Freeze(Value):
    """A change freeze: since when (naive UTC), by whom, and why."""

    by: str
    at: datetime
    reason: str | None = None


class SampleJob(Value):
    """One failure of a scope."""

    failed_id: int
    order_id: str | None
    job_class: str | None


class WiderPlan(Value):
    """A second plan that the same dialog can confirm: `count` older failures of the same error."""

    plan: int
    count: int


class Preview(Value):
    """A plan as it is shown before confirmation; `bytes` counts payloads and exceptions.

    A confirmation names `plan`. `indexing` warns that older failures are still being indexed and
    are not part of the scope. `rate` (jobs a minute) and `canary` (jobs tried first) are the
    requested options. Without `archive`, no copies are kept. `older` also takes what failed before
    the incident of the scope.
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
    # A change freeze is active, so the plan cannot be confirmed yet.
    freeze: Freeze | None = None
    # Tables whose rows the database deletes or changes with the rows that they refer to.
    children: tuple[str, ...] = ()
    older: WiderPlan | None = None

    @computed_field  # type: ignore[prop-decorator] # as pydantic documents it
    @property
    def pace(self) -> int | None:
        """The rate under its old name, for readers of the JSON."""
        return self.rate


class Progress(Value):
    """The progress of an operation; `state` is running, done, cancelled or stopped."""

    operation: int
    action: str
    state: str
    total: int
    done: int
    skipped: int
    actor: str
    seconds: int
    reason: str | None = None
    # Whether the archive keeps the removed rows, so that the operation can be undone.
    kept: bool = False
    # A change freeze is active: the operation is paused between two batches.
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
    """The undo of an operation: `count` failed jobs restored, by whom and when (UTC)."""

    by: str
    at: datetime
    count: int


class Outcomes(Value):
    """The outcomes of a bulk retry so far, counted; `seconds` since it began.

    `state`: following, settled (all outcomes are known), stopped (no longer tracked). While an
    operation waits for its canary, the outcomes are those of the `canary` first jobs alone. `error`
    is then the error of a canary job that failed (masked, one line).
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
    """Failures of a scope whose retry may repeat work; None: not counted in time.

    `queued`: failures of an order that has a job in the same queue now; `identical`: failures with
    the same queue and payload as another failure; `processed_later`: failures of an order for which
    a retried job succeeded since. `bounded`: not everything was scanned.
    """

    queued: int | None
    queued_orders: tuple[str, ...] = ()
    identical: int | None
    processed_later: int | None
    processed_orders: tuple[str, ...] = ()
    bounded: bool


class RetryOutcome(Value):
    """The outcome of a job that was retried as `job_id`, `seconds` after its retry.

    `again_id` and `error` (masked, one line) describe the new failure if the job failed again;
    `same` says whether it has the same error group. `by` and `how` say who removed the job from the
    queue, and by which command. `started`: a worker has taken it, so the retry cannot be undone.
    """

    failed_id: int
    job_id: int
    queue: str
    job_class: str | None
    order_id: int | str | None
    state: str
    seconds: int
    started: bool = False
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
    rule: str | None = None
    request_id: str | None = None
    version: str | None = None
    replica: str | None = None
