"""Bulk changes on their way in: preview a frozen scope, then confirm it once, in time."""

from dataclasses import dataclass, replace

from pydantic import Field

from bot.access.roles import Need, check_queue
from bot.errors import CountMismatch, OperationRunning, PlanExpired
from bot.ledger import failures, freezes, leases, operations
from bot.ledger.model import Action, Preview, Progress, Scope
from bot.model import Role
from bot.queue.layouts import LONGEST_QUEUE
from bot.queue.model import Value
from bot.registry import LARGEST_ID, Arguments, Command, Work

ALL_QUEUES = "*"
OPERATOR_ROWS = 500
"""What an operator may change at once; more is for admins."""


class BulkExtra(Value):
    """The preview before, the progress after a bulk change was confirmed."""

    preview: Preview | None = None
    progress: Progress | None = None


class BulkArguments(Arguments):
    """One queue or all; `plan`, and where it is asked for the `typed` count, confirm a preview."""

    queue: str | None = Field(
        default=None, max_length=LONGEST_QUEUE, json_schema_extra={"form": "NAME"}
    )
    plan: int | None = Field(
        default=None, ge=1, le=LARGEST_ID, json_schema_extra={"internal": True}
    )
    typed: int | None = Field(default=None, json_schema_extra={"internal": True})


@dataclass(frozen=True, slots=True)
class Step:
    """What came of a bulk command so far; `outcome` as in `Result`."""

    extra: BulkExtra
    outcome: str | None

    def sentence(self, doing: str, done: str) -> str | None:
        """The English message: what began, or that there was nothing to do."""
        if self.extra.progress is not None:
            return f"{doing} {self.extra.progress.total} failed jobs"
        return f"{done} 0 failed jobs" if self.outcome == "no-op" else None


def step(work: Work, action: Action, args: BulkArguments, scope: Scope, *, typed: bool) -> Step:
    """Preview the scope, or start what was previewed; with `typed` the count must be typed."""
    if args.plan is not None:
        return Step(BulkExtra(progress=confirm(work, action, args, typed=typed)), "started")
    frozen = preview(work, action, scope)
    return Step(BulkExtra(preview=frozen), None if frozen.total else "no-op")


def preview(work: Work, action: Action, scope: Scope) -> Preview:
    """Index what failed until now, freeze what matches, and say what that is."""
    # All queues are more than the bot may change where only some are on its list.
    check_queue(work.setup.rules, ALL_QUEUES if scope.queue is None else scope.queue)
    complete = failures.catch_up(work.connection, work.queue, work.now)
    actor = work.invocation.actor
    frozen = operations.freeze(
        work.connection,
        action,
        scope,
        {
            "actor": actor.user,
            "team": actor.team,
            "source": actor.source.value,
            "detail": actor.detail,
            "channel": work.invocation.channel,
            "request_id": work.invocation.request_id,
            "created_at": work.now,
            "expires_at": work.now + operations.CONFIRM_WITHIN,
        },
    )
    off = freezes.current(work.connection)
    return frozen.model_copy(update={"indexing": not complete, "freeze": off})


def confirm(work: Work, action: Action, args: BulkArguments, *, typed: bool) -> Progress:
    """Start the planned operation: by the person who saw it, once, within ten minutes.

    With `typed` the count must have been typed. Raises `PlanExpired`, `CountMismatch` or
    `OperationRunning`.
    """
    plan = None if args.plan is None else operations.locked(work.connection, args.plan)
    actor = work.invocation.actor
    if plan is None or plan.action != action or not single_use(plan.state):
        raise PlanExpired(action=action)
    if plan.actor != actor.user or plan.expires_at < work.now:
        raise PlanExpired(action=action)
    if typed and args.typed != plan.total:
        raise CountMismatch(expected=plan.total)
    leases.turn(work.connection, "bulk")
    if (other := operations.running_on(work.connection, plan.scope.queue)) is not None:
        raise OperationRunning(by=other.actor, action=other.action)
    owner = work.setup.replica
    request = work.invocation.request_id
    if not operations.start(work.connection, plan.id, request, owner, work.now):
        raise PlanExpired(action=action)
    return Progress(
        operation=plan.id,
        action=action,
        state="running",
        total=plan.total,
        done=0,
        skipped=0,
        actor=plan.actor,
        seconds=0,
    )


def need_of(command: Command, total: int) -> Need:
    """What a person must have for a bulk change of so many rows."""
    need = command.need
    return need if total <= OPERATOR_ROWS else replace(need, role=Role.ADMIN)


def single_use(state: str) -> bool:
    """Whether a plan in this state may be confirmed; apart, so that a test can break it."""
    return state == "planned"
