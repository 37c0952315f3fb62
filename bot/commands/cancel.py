"""`/queue cancel 7`: stop an operation between two batches; finished batches are kept."""

from pydantic import Field

from bot.app.argument_types import OneId
from bot.app.command import Arguments, Command, Effect, Result
from bot.app.work import Work
from bot.models.refusals import Denied, PlanExpired
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.value import Value
from bot.store.operations import operations, transitions
from bot.views.context import Context
from bot.views.operations.progress import cancelled


class CancelArguments(Arguments):
    """The operation's id, which the progress message shows."""

    id: OneId = Field(json_schema_extra={"positional": "ID"})


class Cancelled(Value):
    """The progress of the operation at the time of its cancellation."""

    operation: int
    action: str
    done: int
    total: int


class CancelResult(Result):
    """The cancelled operation."""

    data: Cancelled


def run(work: Work, args: CancelArguments) -> CancelResult:
    """Request that a running operation stops; raises `PlanExpired` if it is not running.

    An admin may cancel every operation. An operator may cancel only their own operations; otherwise
    the function raises `Denied`.
    """
    operation = operations.locked(work.connection, args.id)
    mine = operation is not None and operation.actor == work.invocation.actor.user
    if operation is not None and not mine and work.grant.role < Role.ADMIN:
        holders = work.setup.rules.holders(Role.ADMIN)
        raise Denied(needed=Role.ADMIN, has=work.grant.role, holders=holders)
    if operation is None or not transitions.ask_to_stop(work.connection, operation):
        raise PlanExpired(action="cancel")
    return CancelResult(
        message=f"Operation {operation.id} cancelled",
        data=Cancelled(
            operation=operation.id,
            action=operation.action,
            done=operations.moved(work.connection, operation.id),
            total=operation.total,
        ),
    )


def view(result: CancelResult, context: Context) -> Message:
    """Show the operation's progress."""
    return cancelled(result.data.operation, result.data.done, result.data.total, context)


COMMAND = Command(
    name="cancel",
    arguments=CancelArguments,
    role=Role.OPERATOR,
    result=CancelResult,
    run=run,
    view=view,
    effect=Effect.CHANGE,
    # Cancelling stops changes of jobs. A change freeze has the same purpose.
    when_frozen=True,
    examples=("cancel 12",),
)
