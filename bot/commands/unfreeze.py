"""`/queue unfreeze`: end the change freeze."""

from bot.app.command import Arguments, Command, Effect, Result
from bot.app.work import Work
from bot.models.command_help import HelpTopic
from bot.models.operations import Freeze
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.value import Value
from bot.store.operations import change_freeze
from bot.views.context import Context
from bot.views.operations.change_freeze import unfreeze_message, unfreeze_visible


class UnfreezeArguments(Arguments):
    """No arguments."""


class Thawed(Value):
    """The change freeze that ended, and its length in seconds."""

    freeze: Freeze
    seconds: int


class UnfreezeResult(Result):
    """The change freeze that ended."""

    data: Thawed


def run(work: Work, _args: UnfreezeArguments) -> UnfreezeResult:
    """End the change freeze; raises `NotFrozen`."""
    ended = change_freeze.end(work.connection, work.invocation.actor.user, work.now)
    seconds = max(0, int((work.now - ended.at).total_seconds()))
    thawed = Thawed(freeze=ended, seconds=seconds)
    return UnfreezeResult(message="Changes are allowed again", data=thawed)


def view(result: UnfreezeResult, context: Context) -> Message:
    """Report that changes are allowed again."""
    return unfreeze_message(result.data.seconds, context)


def visible(result: UnfreezeResult, context: Context) -> Message:
    """Show the channel the person who ended the change freeze."""
    return unfreeze_visible(result.data.seconds, context)


COMMAND = Command(
    name="unfreeze",
    arguments=UnfreezeArguments,
    role=Role.ADMIN,
    result=UnfreezeResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    when_frozen=True,
    fresh=True,
    topic=HelpTopic.ADMINISTRATION,
)
