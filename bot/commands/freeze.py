"""`/queue freeze`: refuse every change for now; reading still works."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.app.command import Arguments, Command, Effect, Result, Work
from bot.models.command_help import HelpTopic
from bot.models.operations import Freeze
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.operations import change_freeze
from bot.views.context import Context
from bot.views.operations.change_freeze import freeze_message, freeze_visible

LONGEST = 300


def _joined(value: object) -> object:
    """Return the typed words as one text."""
    return " ".join(str(word) for word in value) if isinstance(value, list | tuple) else value


Words = Annotated[str, BeforeValidator(_joined), Field(max_length=LONGEST)]


class FreezeArguments(Arguments):
    """The reason, in the person's words."""

    reason: Words | None = Field(default=None, json_schema_extra={"positional": "REASON…"})


class FreezeResult(Result):
    """The freeze that is in force now."""

    data: Freeze


def run(work: Work, args: FreezeArguments) -> FreezeResult:
    """Wait for running changes, then refuse all new ones; raises `AlreadyFrozen`."""
    by = work.invocation.actor.user
    freeze = change_freeze.begin(work.connection, by, (args.reason or "").strip() or None, work.now)
    return FreezeResult(message="Changes are frozen", data=freeze)


def view(result: FreezeResult, context: Context) -> Message:
    """Show the effect of the freeze and how to end it."""
    return freeze_message(result.data, context)


def visible(result: FreezeResult, context: Context) -> Message:
    """Show the channel who froze changes and why."""
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
