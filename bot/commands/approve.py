"""`/queue approve 12`: start a bulk change that another person requested."""

from bot.access.roles import check_queue
from bot.app.approvals import (
    DecisionArguments,
    DecisionResult,
    awaiting,
    decided,
    require_second_person,
)
from bot.app.command import Command, Effect
from bot.app.plans import ALL_QUEUES
from bot.app.work import Work
from bot.models.refusals import NotAwaiting, OperationRunning
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store import leases
from bot.store.operations import operations, transitions
from bot.views.context import Context
from bot.views.operations.approval import approved, approved_visible


def run(work: Work, args: DecisionArguments) -> DecisionResult:
    """Start the operation exactly as it was confirmed.

    Raises `NotAwaiting`, `SecondPersonNeeded`, `WrongQueue` or `OperationRunning`.
    """
    operation = awaiting(work, args.id)
    require_second_person(work, operation)
    queue = operation.scope.queue
    check_queue(work.setup.rules, ALL_QUEUES if queue is None else queue)
    leases.lock_lease(work.connection, "bulk")
    if (other := operations.running_on(work.connection, queue)) is not None:
        raise OperationRunning(by=other.actor, action=other.action)
    if not transitions.approve(work.connection, operation.id, work.setup.replica, work.now):
        raise NotAwaiting(id=operation.id)
    return decided(operation, "approved")


def view(result: DecisionResult, context: Context) -> Message:
    """Return the answer for the approver: the operation runs."""
    return approved(result.data, context)


def visible(result: DecisionResult, context: Context) -> Message:
    """Return the channel's message, which names the approver."""
    return approved_visible(result.data, context)


COMMAND = Command(
    name="approve",
    arguments=DecisionArguments,
    role=Role.ADMIN,
    result=DecisionResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    fresh=True,
    examples=("approve 12",),
)
