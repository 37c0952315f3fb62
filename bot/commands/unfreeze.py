"""`/queue unfreeze`: allow changes again."""

from bot.app.command import Arguments, Command, Effect, Result, Work
from bot.models.command_help import HelpTopic
from bot.models.jobs import Value
from bot.models.operations import Freeze
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.operations import change_freeze
from bot.views.context import Context
from bot.views.operations.change_freeze import unfreeze_message, unfreeze_visible


class UnfreezeArguments(Arguments):
    """No arguments."""


class Thawed(Value):
    """The freeze that ended, and after how many seconds."""

    freeze: Freeze
    seconds: int


class UnfreezeResult(Result):
    """The freeze that ended."""

    data: Thawed


def run(work: Work, _args: UnfreezeArguments) -> UnfreezeResult:
    """End the freeze; raises `NotFrozen`."""
    ended = change_freeze.end(work.connection, work.invocation.actor.user, work.now)
    seconds = max(0, int((work.now - ended.at).total_seconds()))
    thawed = Thawed(freeze=ended, seconds=seconds)
    return UnfreezeResult(message="Changes are allowed again", data=thawed)


def view(result: UnfreezeResult, context: Context) -> Message:
    """Show that changes are allowed again."""
    return unfreeze_message(result.data.seconds, context)


def visible(result: UnfreezeResult, context: Context) -> Message:
    """Show the channel who ended the freeze."""
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
    topic=HelpTopic.ADMINISTRATION,
)
