"""`/queue freeze`: refuse all changes of jobs until `/queue unfreeze`; reads still work."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.app.command import Arguments, Command, Effect, Result
from bot.app.work import Work
from bot.models.command_help import HelpTopic
from bot.models.operations import Freeze
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.operations import change_freeze
from bot.views.context import Context
from bot.views.operations.change_freeze import freeze_message, freeze_visible

LONGEST = 300


def _joined(value: object) -> object:
    """Join the typed words into one text."""
    return " ".join(str(word) for word in value) if isinstance(value, list | tuple) else value


Words = Annotated[str, BeforeValidator(_joined), Field(max_length=LONGEST)]


class FreezeArguments(Arguments):
    """The reason, as the person typed it."""

    reason: Words | None = Field(default=None, json_schema_extra={"positional": "REASON…"})


class FreezeResult(Result):
    """The change freeze that has started."""

    data: Freeze


def run(work: Work, args: FreezeArguments) -> FreezeResult:
    """Wait for running changes, then refuse all new changes; raises `AlreadyFrozen`."""
    by = work.invocation.actor.user
    freeze = change_freeze.begin(work.connection, by, (args.reason or "").strip() or None, work.now)
    return FreezeResult(message="Changes are frozen", data=freeze)


def view(result: FreezeResult, context: Context) -> Message:
    """Show the effect of the change freeze, and the command that ends the freeze."""
    return freeze_message(result.data, context)


def visible(result: FreezeResult, context: Context) -> Message:
    """Show the channel the person who started the change freeze, and the reason."""
    return freeze_visible(result.data, context)


COMMAND = Command(
    name="freeze",
    arguments=FreezeArguments,
    role=Role.ADMIN,
    result=FreezeResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    when_frozen=True,
    topic=HelpTopic.ADMINISTRATION,
    examples=("freeze NetSuite is down",),
)
