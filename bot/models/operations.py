"""The values of operations in answers and views. No SQL here."""

from datetime import datetime
from typing import Any

from pydantic import Field, computed_field

from bot.models.duplicates import Duplicates
from bot.models.job_batches import ScopeBatches
from bot.models.job_changes import SkippedRow
from bot.models.retry_outcomes import Outcomes
from bot.models.value import Value, is_empty

OPERATOR_ROWS = 500
"""The most jobs that an operator may change at once; only an admin may change more."""


class Scope(Value):
    """The scope of an operation: failures that match all fields. Times are the queue's wall clock.

    `ids` are ids of failed jobs. If there are more than `limit` failures, the scope has those
    that were indexed first. With `undo`, the scope is all rows that the operation `undo`
    changed, and no other filter applies. `older_than` adds failures with a lower `seq` to the
    incident's failures. `subjects` are further subjects by name. `merged` are the groups that are
    merged into `error_group`.
    """

    queue: str | None = None
    error_group: int | None = None
    merged: tuple[int, ...] = ()
    incident: int | None = None
    older_than: int | None = None
    order_id: str | None = None
    tienda_id: str | None = None
    subjects: dict[str, str] = Field(default={}, exclude_if=is_empty)
    failed_before: datetime | None = None
    failed_after: datetime | None = None
    ids: tuple[int, ...] = ()
    limit: int | None = None
    undo: int | None = None

    @property
    def has_subject(self) -> bool:
        """Whether a filter names an order, a shop or another subject."""
        return bool(self.order_id or self.tienda_id or self.subjects)

    def words(self) -> dict[str, Any]:
        """Return the filters that have a value, by argument name, for the audit log."""
        error = None if self.error_group is None else f"E{self.error_group}"
        filters = {
            "queue": self.queue,
            "error": error,
            "incident": None if self.incident is None else f"I{self.incident}",
            "with_older": None if self.older_than is None else "yes",
            "order": self.order_id,
            "tienda": self.tienda_id,
            "subjects": self.subjects or None,
            "before": self.failed_before,
            "after": self.failed_after,
            "ids": self.ids or None,
            "limit": self.limit,
        }
        return {name: value for name, value in filters.items() if value is not None}


class Share(Value):
    """The part of a scope that belongs to one queue or one error group."""

    name: str
    count: int


class Freeze(Value):
    """A change freeze: its start (naive UTC), its author, and its reason."""

    by: str
    at: datetime
    reason: str | None = None


class SampleJob(Value):
    """One failure of a scope."""

    failed_id: int
    order_id: str | None
    tienda_id: str | None = Field(default=None, exclude=True)
    subjects: dict[str, str] = Field(default={}, exclude_if=is_empty)
    job_class: str | None


class WiderPlan(Value):
    """A second plan in the dialog of the first. It adds `count` older failures of the error."""

    plan: int
    count: int


class Preview(Value):
    """A plan that waits for confirmation. `bytes` is the size of its payloads and exceptions.

    A confirmation names `plan`. `indexing`: the bot still indexes older failures, and the scope
    does not include them. `rate` (jobs a minute) and `canary` (jobs tried first) are the requested
    options. If `archive` is false, the bot keeps no copies. `older` is the plan that includes
    failures from before the scope's incident.
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
    duplicates: Duplicates | None = None
    rate: int | None = None
    canary: int | None = None
    archive: bool = True
    indexing: bool = False
    # A change freeze is active, so the plan cannot be confirmed yet.
    freeze: Freeze | None = None
    # When the bot removes the failed jobs, the database deletes or changes rows of these tables.
    children: tuple[str, ...] = ()
    older: WiderPlan | None = None
    batches: ScopeBatches | None = Field(default=None, exclude_if=is_empty)
    # The name of the layout, because each layout may have a note about retries.
    layout: str = "spec"

    @computed_field  # type: ignore[prop-decorator] # as pydantic documents it
    @property
    def pace(self) -> int | None:
        """The rate under its old name, for readers of the JSON."""
        return self.rate


class Progress(Value):
    """The progress of an operation. `state` is running, done, cancelled or stopped.

    An operation that waits for approval has the state awaiting, a `scope` and a deadline `until`
    (naive UTC). Without approval the state becomes declined, or expired after `until`.
    """

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
    # A change freeze is active, so the operation is paused between two batches.
    freeze: Freeze | None = None
    outcomes: Outcomes | None = None
    rate: int | None = None
    undone: "PutBack | None" = None
    scope: Scope | None = None
    until: datetime | None = None
    # The number of skipped jobs that the database refused to move, and the first of these jobs.
    refused_count: int = 0
    refused: tuple[SkippedRow, ...] = ()
    # The number of payloads that the retry edited, by kind of edit.
    edited: dict[str, int] = Field(default={}, exclude_if=is_empty)

    @computed_field  # type: ignore[prop-decorator] # as pydantic documents it
    @property
    def pace(self) -> int | None:
        """The rate under its old name, for readers of the JSON."""
        return self.rate


class Decision(Value):
    """An approved or declined operation: its action, its failed jobs, and its author."""

    operation: int
    action: str
    total: int
    by: str


class PutBack(Value):
    """The undo of an operation: the `count` of restored failed jobs, the author and time (UTC)."""

    by: str
    at: datetime
    count: int
