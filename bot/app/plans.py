"""Plans of bulk changes: preview a fixed scope, then confirm the plan once before it expires."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from pydantic import Field

from bot.access.roles import check_queue
from bot.app.approvals import needs_approval, request_approval
from bot.app.bulk_limits import check_role
from bot.app.command import LARGEST_ID, Arguments
from bot.app.known_queue import require_known
from bot.app.work import Work
from bot.models.actions import Action
from bot.models.duplicates import Duplicates
from bot.models.job_batches import ScopeBatches
from bot.models.operations import Preview, Progress, Scope
from bot.models.refusals import CountMismatch, Invalid, OperationRunning, PlanExpired
from bot.models.value import Value
from bot.queue.children import children_of
from bot.queue.layouts import LONGEST_QUEUE
from bot.store import leases
from bot.store.failures import index, relabeling
from bot.store.failures.zone_offset import require_right_zone
from bot.store.operations import change_freeze, duplicates, operations, scope_batches, transitions

ALL_QUEUES = "*"
SPARE_SECONDS = 0.5
"""Seconds of a preview that are reserved for the work after the search for duplicates."""


class BulkExtra(Value):
    """The preview of a bulk change, or its progress after the confirmation."""

    preview: Preview | None = None
    progress: Progress | None = None


class BulkArguments(Arguments):
    """The queue, or None for all queues.

    `plan` confirms a preview, together with the `typed` count if the count is required.
    """

    queue: str | None = Field(
        default=None, max_length=LONGEST_QUEUE, json_schema_extra={"form": "NAME"}
    )
    plan: int | None = Field(
        default=None, ge=1, le=LARGEST_ID, json_schema_extra={"internal": True}
    )
    typed: int | None = Field(default=None, json_schema_extra={"internal": True})


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """The preview or the start of a bulk command; for `outcome`, see `Result`."""

    extra: BulkExtra
    outcome: str | None
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def sentence(self, doing: str, done: str) -> str | None:
        """Return the English message: the change that started, or that no job matched."""
        if self.outcome == REQUESTED:
            return "Waiting for approval by another admin"
        if self.extra.progress is not None:
            return f"{doing} {self.extra.progress.total} failed jobs"
        return f"{done} 0 failed jobs" if self.outcome == "no-op" else None


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """Options of a bulk change: jobs per minute, canary jobs, and whether to keep copies."""

    rate: int | None = None
    canary: int | None = None
    archive: bool = True


STARTED, REQUESTED = "started", "requested"
"""The results of a confirmation: the operation runs, or it waits for approval."""
PLAIN = BulkOptions()
"""No rate and no canary; copies are kept."""


def preview_or_start(
    work: Work, action: Action, args: BulkArguments, scope: Scope, options: BulkOptions
) -> BulkOutcome:
    """Preview the scope, or start the plan if the arguments confirm one."""
    if args.plan is not None:
        progress = confirm(work, action, args, options)
        return BulkOutcome(
            BulkExtra(progress=progress), start_of(progress), recorded(work, progress)
        )
    plan = preview(work, action, scope, options)
    if not plan.total:
        require_known(work, scope.queue)
    return BulkOutcome(BulkExtra(preview=plan), None if plan.total else "no-op")


def preview(work: Work, action: Action, scope: Scope, options: BulkOptions = PLAIN) -> Preview:
    """Index the newest failures, plan the matching failures, and return the plan's preview.

    Raises `Denied` if the person may not change that many jobs at once. Raises `TimesOff` if the
    scope has a time but `failed_at` is in another zone, and `Invalid` for a canary of a single job.
    """
    complete = index.catch_up(work.connection, work.queue, work.now)
    if scope.has_subject and relabeling.is_needed(work.connection, work.queue):
        complete = False
    if scope.failed_before is not None or scope.failed_after is not None:
        require_right_zone(work.connection, work.queue)
    plan = create(work, action, scope, options)
    check_role(work, action, plan.total)
    if options.canary and plan.total == 1:
        usage = work.setup.commands[action.name].usage()
        value = str(options.canary)
        raise Invalid(
            problem="canary-of-one", field="canary", value=value, expected="", usage=usage
        )
    details = {
        "indexing": not complete,
        "freeze": change_freeze.current(work.connection),
        "rate": options.rate or None,
        "canary": options.canary or None,
        "archive": options.archive,
        "duplicates": _duplicates(work, plan) if action.counts_as == "retried" else None,
        "batches": _batches(work, action, plan),
        "children": _children(work, scope),
        "layout": work.queue.layout.name,
    }
    return plan.model_copy(update=details)


def create(work: Work, action: Action, scope: Scope, options: BulkOptions) -> Preview:
    """Store a plan for the failures that match now, and return the plan's preview."""
    # If the settings allow changes to some queues only, a change of all queues is refused.
    check_queue(work.setup.rules, ALL_QUEUES if scope.queue is None else scope.queue)
    actor = work.invocation.actor
    return operations.create_plan(
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
            "rate": options.rate or None,
            "canary": options.canary or None,
            "archive": options.archive,
        },
    )


def start_of(progress: Progress) -> str:
    """Return the result of a confirmation for the audit record: started or requested."""
    return REQUESTED if progress.state == operations.AWAITING else STARTED


def recorded(work: Work, progress: Progress) -> dict[str, Any]:
    """Return a confirmed operation's scope, total and options as fields for the audit record."""
    operation = operations.find(work.connection, progress.operation)
    if operation is None:
        return {}
    # The keys equal the argument names, because `history order=` searches for these names.
    return {**operation.scope.words(), "total": operation.total, **operations.way_of(operation)}


def _children(work: Work, scope: Scope) -> tuple[str, ...]:
    """Return the tables that a deletion of the plan's rows also affects.

    The database deletes or changes rows of these tables too.
    """
    undone = None if scope.undo is None else operations.find(work.connection, scope.undo)
    if undone is not None and undone.counts_as != "retried":
        return ()
    table = work.queue.failed if undone is None else work.queue.jobs
    return children_of(work.connection, table).tables


def _duplicates(work: Work, preview: Preview) -> Duplicates | None:
    """Return jobs that a retry may run twice; stops at the time limit, None if no time is left."""
    seconds_left = work.invocation.deadline - monotonic() - SPARE_SECONDS
    if preview.total == 0 or seconds_left <= 0:
        return None
    plan = operations.find(work.connection, preview.plan)
    within = operations.frozen(preview.scope, 0 if plan is None else plan.bound_seq)
    seconds = min(duplicates.SECONDS, seconds_left)
    return duplicates.find(work.connection, work.queue, within, preview.scope.queue, seconds)


def _batches(work: Work, action: Action, preview: Preview) -> ScopeBatches | None:
    plan = operations.find(work.connection, preview.plan) if preview.total else None
    if plan is None:
        return None
    within = operations.frozen(preview.scope, plan.bound_seq)
    return scope_batches.count(work.connection, work.queue, within, action.counts_as)


def confirm(
    work: Work, action: Action, args: BulkArguments, options: BulkOptions = PLAIN
) -> Progress:
    """Start the planned operation. Only its author may confirm it, once and within 10 minutes.

    If the settings require a second person, the operation then waits for approval. If the action
    requires a typed count, the count must match. Raises `PlanExpired`, `CountMismatch`, `Denied`
    or `OperationRunning`.
    """
    plan = None if args.plan is None else operations.locked(work.connection, args.plan)
    actor = work.invocation.actor
    if plan is None or plan.action != action.name or not single_use(plan.state):
        raise PlanExpired(action=action.name)
    if plan.actor != actor.user or plan.expires_at < work.now:
        raise PlanExpired(action=action.name)
    if action.asks_for_count and args.typed != plan.total:
        raise CountMismatch(expected=plan.total)
    values = {"rate": options.rate, "canary": options.canary}
    changed = {name: value or None for name, value in values.items() if value is not None}
    # If two confirmations counted the rows at the same time, together they could exceed the limit.
    leases.lock_lease(work.connection, "bulk")
    check_role(work, action, plan.total)
    if needs_approval(work.setup, action, plan):
        return request_approval(work, plan, changed)
    if (other := operations.running_on(work.connection, plan.scope.queue)) is not None:
        raise OperationRunning(by=other.actor, action=other.action)
    owner = work.setup.replica
    request = work.invocation.request_id
    if not transitions.start(work.connection, plan.id, request, owner, work.now, **changed):
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
        rate=changed.get("rate", plan.rate),
    )


def single_use(state: str) -> bool:
    """Return whether a plan in this state may be confirmed.

    A plan is confirmed once; the mutant `no_single_use` proves it.
    """
    return state == "planned"
