"""`/queue help`: list the commands that the person may run.

`/queue help retry` explains one command in detail.
"""

from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.app.command import Arguments, Command, Result
from bot.app.parsing import command_names, nearest_name
from bot.app.work import Work
from bot.models.command_help import CommandHelp, HelpTopic
from bot.models.refusals import UnknownCommand
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.value import Value
from bot.views.context import Context
from bot.views.people import command_help_message, help_message

LONGEST = 64


def _read(value: object) -> str:
    """Return the typed name of a command."""
    words = value if isinstance(value, list | tuple) else [value]
    if len(words) != 1:
        raise ValueError(f"extra-word:{str(words[-1])[:20] if words else ''}")
    return str(words[0]).lower()[:LONGEST]


class HelpArguments(Arguments):
    """The command to explain; the default is a list of the commands that the person may run."""

    command: Annotated[str, BeforeValidator(_read)] | None = Field(
        default=None, json_schema_extra={"positional": "COMMAND"}
    )


class Help(Value):
    """The commands that the person may run, or the requested command."""

    commands: tuple[CommandHelp, ...]


class HelpExtra(Value):
    """The requested command, or None."""

    command: str | None = None


class HelpResult(Result):
    """The help for all commands, or for one command."""

    data: Help
    extra: HelpExtra = HelpExtra()


def run(work: Work, args: HelpArguments) -> HelpResult:
    """Return the commands that the person's role allows, or the requested command.

    Raises `UnknownCommand` if no command has the requested name.
    """
    commands, slash = work.setup.commands, work.setup.slash
    if args.command is None:
        allowed = (command for command in commands.values() if command.role <= work.grant.role)
        return HelpResult(
            data=Help(commands=tuple(_help_of(command, slash) for command in allowed))
        )
    names = command_names(commands)
    command = commands.get(names.get(args.command, ""))
    if command is None:
        nearest = nearest_name(args.command, names)
        usage = commands[nearest].usage() if nearest else "help"
        raise UnknownCommand(word=args.command, nearest=nearest or "help", usage=usage)
    return HelpResult(
        data=Help(commands=(_help_of(command, slash),)), extra=HelpExtra(command=command.name)
    )


def _help_of(command: Command, slash: str) -> CommandHelp:
    return CommandHelp(
        name=command.name,
        usage=f"{slash} {command.usage()}",
        role=command.role.word,
        topic=command.help_topic,
        aliases=command.aliases,
        examples=command.examples,
    )


def view(result: HelpResult, context: Context) -> Message:
    """Show one line per command, grouped by task.

    For one command, show its usage and examples.
    """
    if result.extra.command is not None:
        return command_help_message(result.data.commands[0], context)
    return help_message(result.data.commands, context)


COMMAND = Command(
    name="help",
    arguments=HelpArguments,
    role=Role.NONE,
    result=HelpResult,
    run=run,
    view=view,
    topic=HelpTopic.ADMINISTRATION,
    examples=("help retry",),
)
