"""Refusals about plans, operations and the change freeze."""

from dataclasses import dataclass
from datetime import datetime

from bot.models.job_changes import SkippedRow
from bot.models.refusals.base import Refusal


@dataclass(eq=False, kw_only=True)
class Frozen(Refusal):
    """A change freeze is active. `by` started it at `at` and gave the `reason`."""

    code = "frozen"

    by: str
    at: datetime
    reason: str | None


@dataclass(eq=False, kw_only=True)
class AlreadyFrozen(Refusal):
    """A change freeze is already active; `by` started it at `at`."""

    code = "already-frozen"
    outcome = "no-op"

    by: str
    at: datetime


@dataclass(eq=False, kw_only=True)
class NotFrozen(Refusal):
    """No change freeze is active. If there was a freeze before, `by` ended it at `at`."""

    code = "not-frozen"
    outcome = "no-op"

    by: str | None = None
    at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class PlanExpired(Refusal):
    """The plan of `action` was confirmed too late, for a second time, or by another person."""

    code = "plan-expired"

    action: str


@dataclass(eq=False, kw_only=True)
class CountMismatch(Refusal):
    """The typed count differs from the `expected` count of the plan's scope."""

    code = "count-mismatch"

    expected: int


@dataclass(eq=False, kw_only=True)
class NotAwaiting(Refusal):
    """The operation `id` is not awaiting approval: it was decided, has expired, or needs none."""

    code = "not-awaiting"

    id: int


@dataclass(eq=False, kw_only=True)
class SecondPersonNeeded(Refusal):
    """The approver may be the person who asked for the operation.

    `why` is `own`, or `terminal`, because a name in a terminal does not prove an identity.
    """

    code = "second-person-needed"

    id: int
    why: str


@dataclass(eq=False, kw_only=True)
class ApprovalPending(Refusal):
    """A person in a terminal confirmed the operation, but an admin must approve it in Slack."""

    code = "approval-pending"

    action: str
    operation: int


@dataclass(eq=False, kw_only=True)
class NothingToDo(Refusal):
    """No row could be changed. `skipped` has the rows with their reasons."""

    code = "nothing-to-do"
    outcome = "no-op"

    skipped: tuple[SkippedRow, ...]


@dataclass(eq=False, kw_only=True)
class OperationRunning(Refusal):
    """The operation `action` that `by` started is still running on this queue."""

    code = "operation-running"

    by: str
    action: str


@dataclass(eq=False, kw_only=True)
class Unfinished(Refusal):
    """The operation was cancelled or stopped after `done` of `total` rows. They stay changed."""

    code = "unfinished"

    action: str
    done: int
    total: int


@dataclass(eq=False, kw_only=True)
class StillRunning(Refusal):
    """The terminal stopped waiting for the operation.

    A running bot continues the operation after its `done` of `total` rows.
    """

    code = "still-running"

    action: str
    operation: int
    done: int
    total: int
