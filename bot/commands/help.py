"""`/queue help`: the commands that this person may run; `/queue help retry`: one in detail."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.app.command import Arguments, Command, Result, Work
from bot.app.parsing import command_names, nearest_name
from bot.models.command_help import CommandHelp, HelpTopic
from bot.models.jobs import Value
from bot.models.refusals import UnknownCommand
from bot.models.requests import Message
from bot.models.roles import Role
from bot.views.context import Context
from bot.views.people import command_help_message, help_message

LONGEST = 64


def _read(value: object) -> str:
    """Return the name of the one command that was typed."""
    words = value if isinstance(value, list | tuple) else [value]
    if len(words) != 1:
        raise ValueError(f"extra-word:{str(words[-1])[:20] if words else ''}")
    return str(words[0]).lower()[:LONGEST]


class HelpArguments(Arguments):
    """The command to show in detail; without it, all that the person may run."""

    command: Annotated[str, BeforeValidator(_read)] | None = Field(
        default=None, json_schema_extra={"positional": "COMMAND"}
    )


class Help(Value):
    """The commands that the person may run, or the one that was asked for."""

    commands: tuple[CommandHelp, ...]


class HelpExtra(Value):
    """The command that was asked for, if any."""

    command: str | None = None


class HelpResult(Result):
    """The help of all commands, or of one."""

    data: Help
    extra: HelpExtra = HelpExtra()


def run(work: Work, args: HelpArguments) -> HelpResult:
    """Return the commands that the person's role allows, or the one that was asked for.

    Raises `UnknownCommand` if no command has that name.
    """
    commands = work.setup.commands
    if args.command is None:
        allowed = (command for command in commands.values() if command.role <= work.grant.role)
        return HelpResult(data=Help(commands=tuple(_help_of(command) for command in allowed)))
    names = command_names(commands)
    command = commands.get(names.get(args.command, ""))
    if command is None:
        nearest = nearest_name(args.command, names)
        usage = commands[nearest].usage() if nearest else "/queue help"
        raise UnknownCommand(word=args.command, nearest=nearest or "help", usage=usage)
    return HelpResult(
        data=Help(commands=(_help_of(command),)), extra=HelpExtra(command=command.name)
    )


def _help_of(command: Command) -> CommandHelp:
    return CommandHelp(
        name=command.name,
        usage=command.usage(),
        role=command.role.word,
        topic=command.help_topic,
        aliases=command.aliases,
        examples=command.examples,
    )


def view(result: HelpResult, context: Context) -> Message:
    """Return a line for each command, grouped by task; of one command its usage and examples."""
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
