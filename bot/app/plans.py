"""Bulk changes on their way in: preview a frozen scope, then confirm it once, in time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from pydantic import Field

from bot.access.roles import Need, check_queue
from bot.app.command import LARGEST_ID, Arguments, Command, Work
from bot.models.actions import Action
from bot.models.jobs import Value
from bot.models.operations import OPERATOR_ROWS, Duplicates, Preview, Progress, Scope
from bot.models.refusals import CountMismatch, Denied, OperationRunning, PlanExpired
from bot.models.roles import Role
from bot.queue.layouts import LONGEST_QUEUE
from bot.store import leases
from bot.store.failures import index
from bot.store.operations import change_freeze, duplicates, operations

ALL_QUEUES = "*"
SPARE_SECONDS = 0.5
"""Kept back of a preview's time for what follows the look at duplicates."""


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
class BulkOutcome:
    """The preview or the start of a bulk command; `outcome` as in `Result`."""

    extra: BulkExtra
    outcome: str | None
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def sentence(self, doing: str, done: str) -> str | None:
        """The English message: what began, or that there was nothing to do."""
        if self.extra.progress is not None:
            return f"{doing} {self.extra.progress.total} failed jobs"
        return f"{done} 0 failed jobs" if self.outcome == "no-op" else None


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """How a bulk change is to go: jobs a minute, jobs tried first, and whether copies are kept."""

    rate: int | None = None
    canary: int | None = None
    archive: bool = True
    typed: bool = False


PLAIN = BulkOptions()
"""Everything at once, with copies kept."""


def preview_or_start(
    work: Work, action: Action, args: BulkArguments, scope: Scope, way: BulkOptions
) -> BulkOutcome:
    """Preview the scope, or start what was previewed; with `typed` the count must be typed."""
    if args.plan is not None:
        begun = confirm(work, action, args, way)
        return BulkOutcome(BulkExtra(progress=begun), "started", recorded(work, begun))
    frozen = preview(work, action, scope, way)
    return BulkOutcome(BulkExtra(preview=frozen), None if frozen.total else "no-op")


def preview(work: Work, action: Action, scope: Scope, way: BulkOptions = PLAIN) -> Preview:
    """Index what failed until now, freeze what matches, and say what that is.

    Raises `Denied` where the person may not change so much at once.
    """
    complete = index.catch_up(work.connection, work.queue, work.now)
    # All queues are more than the bot may change where only some are on its list.
    check_queue(work.setup.rules, ALL_QUEUES if scope.queue is None else scope.queue)
    actor = work.invocation.actor
    frozen = operations.freeze(
        work.connection,
        action.name,
        scope,
        {
            "counts_as": action.counts_as,
            "actor": actor.user,
            "team": actor.team,
            "source": actor.source.value,
            "detail": actor.detail,
            "channel": work.invocation.channel,
            "request_id": work.invocation.request_id,
            "created_at": work.now,
            "expires_at": work.now + operations.CONFIRM_WITHIN,
            "rate": way.rate or None,
            "canary": way.canary or None,
            "archive": way.archive,
        },
    )
    check_role(work, action, frozen.total)
    more = {
        "indexing": not complete,
        "freeze": change_freeze.current(work.connection),
        "rate": way.rate or None,
        "canary": way.canary or None,
        "archive": way.archive,
        "duplicates": _duplicates(work, frozen) if action.counts_as == "retried" else None,
    }
    return frozen.model_copy(update=more)


def recorded(work: Work, begun: Progress) -> dict[str, Any]:
    """What the audit keeps of a confirmed operation: its scope, how many, and how they go."""
    operation = operations.find(work.connection, begun.operation)
    if operation is None:
        return {}
    # By the names of the arguments, so that the history finds the order that it is about.
    return {**operation.scope.words(), "total": operation.total, **operations.way_of(operation)}


def _duplicates(work: Work, frozen: Preview) -> Duplicates | None:
    """What a retry may do twice, as far as there is time to look."""
    left = work.invocation.deadline - monotonic() - SPARE_SECONDS
    if frozen.total == 0 or left <= 0:
        return None
    plan = operations.find(work.connection, frozen.plan)
    within = operations.frozen(frozen.scope, 0 if plan is None else plan.bound_seq)
    seconds = min(duplicates.SECONDS, left)
    return duplicates.find(work.connection, work.queue, within, frozen.scope.queue, seconds)


def check_role(work: Work, action: Action, total: int) -> None:
    """Raise `Denied` where the person may not change so many rows at once."""
    needed = need_of(work.setup.commands[action.name], total).role
    if work.grant.role < needed:
        holders = work.setup.rules.holders(needed)
        has, most = work.grant.role, OPERATOR_ROWS
        if total > most:
            raise Denied(needed=needed, has=has, holders=holders, total=total, most=most)
        raise Denied(needed=needed, has=has, holders=holders)


def confirm(work: Work, action: Action, args: BulkArguments, way: BulkOptions = PLAIN) -> Progress:
    """Start the planned operation: by the person who saw it, once, within ten minutes.

    Where it was asked for, the count must have been typed. Raises `PlanExpired`, `CountMismatch`,
    `Denied` or `OperationRunning`.
    """
    plan = None if args.plan is None else operations.locked(work.connection, args.plan)
    actor = work.invocation.actor
    if plan is None or plan.action != action.name or not single_use(plan.state):
        raise PlanExpired(action=action.name)
    if plan.actor != actor.user or plan.expires_at < work.now:
        raise PlanExpired(action=action.name)
    check_role(work, action, plan.total)
    if way.typed and args.typed != plan.total:
        raise CountMismatch(expected=plan.total)
    leases.lock_lease(work.connection, "bulk")
    if (other := operations.running_on(work.connection, plan.scope.queue)) is not None:
        raise OperationRunning(by=other.actor, action=other.action)
    owner = work.setup.replica
    request = work.invocation.request_id
    said = {"rate": way.rate, "canary": way.canary}
    chosen = {name: value or None for name, value in said.items() if value is not None}
    if not operations.start(work.connection, plan.id, request, owner, work.now, **chosen):
        raise PlanExpired(action=action.name)
    return Progress(
        operation=plan.id,
        action=action.name,
        state="running",
        total=plan.total,
        done=0,
        skipped=0,
        actor=plan.actor,
        seconds=0,
        rate=chosen.get("rate", plan.rate),
    )


def need_of(command: Command, total: int) -> Need:
    """What a person must have for a bulk change of so many rows."""
    need = command.need
    return need if total <= OPERATOR_ROWS else replace(need, role=Role.ADMIN)


def single_use(state: str) -> bool:
    """Whether a plan in this state may be confirmed.

    A plan is confirmed once; the mutant `no_single_use` proves it.
    """
    return state == "planned"
