"""`/queue decline 12`: refuse a bulk change that waits for approval; nothing is changed."""

from bot.app.approvals import DecisionArguments, DecisionResult, awaiting, decided
from bot.app.command import Command, Effect
from bot.app.work import Work
from bot.models.refusals import Denied, NotAwaiting
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.operations import transitions
from bot.views.context import Context
from bot.views.operations.approval import declined, declined_visible


def run(work: Work, args: DecisionArguments) -> DecisionResult:
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
    return decided(operation, "declined")


def view(result: DecisionResult, context: Context) -> Message:
    """Return the answer for the person: the operation changes nothing."""
    return declined(result.data, context)


def visible(result: DecisionResult, context: Context) -> Message:
    """Return the channel's message, which names the person who declined."""
    return declined_visible(result.data, context)


COMMAND = Command(
    name="decline",
    arguments=DecisionArguments,
    role=Role.OPERATOR,
    result=DecisionResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    # A declined request changes no job, so a change freeze need not prevent it.
    when_frozen=True,
    examples=("decline 12",),
)
