"""`/queue decline 12`: refuse a bulk change that waits for approval; nothing is changed."""

from pydantic import Field

from bot.app.approvals import awaiting, decided_fields
from bot.app.argument_types import OperationId
from bot.app.command import Arguments, Command, Effect, Result, Work
from bot.models.operations import Decision
from bot.models.refusals import Denied, NotAwaiting
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.operations import transitions
from bot.views.context import Context
from bot.views.operations.approval import declined, declined_visible


class DeclineArguments(Arguments):
    """The operation's id; the request in the channel shows the id."""

    id: OperationId = Field(json_schema_extra={"positional": "ID"})


class DeclineResult(Result):
    """The declined operation."""

    data: Decision


def run(work: Work, args: DeclineArguments) -> DeclineResult:
    """End the request. An operator may end only their own requests.

    Raises `NotAwaiting` or `Denied`.
    """
    operation = awaiting(work, args.id)
    is_own = operation.actor == work.invocation.actor.user
    if not is_own and work.grant.role < Role.ADMIN:
        holders = work.setup.rules.holders(Role.ADMIN)
        raise Denied(needed=Role.ADMIN, has=work.grant.role, holders=holders)
    if not transitions.close_request(work.connection, operation.id, "declined", work.now):
        raise NotAwaiting(id=operation.id)
    return DeclineResult(
        message=f"Operation {operation.id} declined",
        data=Decision(
            operation=operation.id,
            action=operation.action,
            total=operation.total,
            by=operation.actor,
        ),
        recorded=decided_fields(operation),
        decided=operation.id,
    )


def view(result: DeclineResult, context: Context) -> Message:
    """Return the answer for the person: the operation changes nothing."""
    return declined(result.data, context)


def visible(result: DeclineResult, context: Context) -> Message:
    """Return the channel's message, which names the person who declined."""
    return declined_visible(result.data, context)


COMMAND = Command(
    name="decline",
    arguments=DeclineArguments,
    role=Role.OPERATOR,
    result=DeclineResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    # A declined request changes no job, so a change freeze need not prevent it.
    when_frozen=True,
    examples=("decline 12",),
)
