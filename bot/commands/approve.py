"""`/queue approve 12`: start a bulk change that another person requested."""

from pydantic import Field

from bot.access.roles import check_queue
from bot.app.approvals import awaiting, decided_fields, require_second_person
from bot.app.argument_types import OperationId
from bot.app.command import Arguments, Command, Effect, Result, Work
from bot.app.plans import ALL_QUEUES
from bot.models.operations import Decision
from bot.models.refusals import NotAwaiting, OperationRunning
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store import leases
from bot.store.operations import operations, transitions
from bot.views.context import Context
from bot.views.operations.approval import approved, approved_visible


class ApproveArguments(Arguments):
    """The operation's id; the request in the channel shows the id."""

    id: OperationId = Field(json_schema_extra={"positional": "ID"})


class ApproveResult(Result):
    """The approved operation."""

    data: Decision


def run(work: Work, args: ApproveArguments) -> ApproveResult:
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
    return ApproveResult(
        message=f"Operation {operation.id} approved",
        data=Decision(
            operation=operation.id,
            action=operation.action,
            total=operation.total,
            by=operation.actor,
        ),
        recorded=decided_fields(operation),
        decided=operation.id,
    )


def view(result: ApproveResult, context: Context) -> Message:
    """Return the answer for the approver: the operation runs."""
    return approved(result.data, context)


def visible(result: ApproveResult, context: Context) -> Message:
    """Return the channel's message, which names the approver."""
    return approved_visible(result.data, context)


COMMAND = Command(
    name="approve",
    arguments=ApproveArguments,
    role=Role.ADMIN,
    result=ApproveResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    fresh=True,
    examples=("approve 12",),
)
