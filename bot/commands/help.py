"""`/queue help`: the commands that this person may run, with their usage."""

from bot.app.command import Arguments, Command, Result, Work
from bot.models.jobs import Value
from bot.models.requests import Message
from bot.models.roles import Role
from bot.views.context import Context
from bot.views.people import help_message


class HelpArguments(Arguments):
    """No arguments."""


class Usage(Value):
    """One command: its name, usage line and lowest role."""

    name: str
    usage: str
    role: str


class Help(Value):
    """The commands that the person may run."""

    commands: tuple[Usage, ...]


class HelpResult(Result):
    """The list of permitted commands."""

    data: Help


def run(work: Work, _args: HelpArguments) -> HelpResult:
    """List the commands that the person's role allows."""
    allowed = (c for c in work.setup.commands.values() if c.role <= work.grant.role)
    usages = tuple(Usage(name=c.name, usage=c.usage(), role=c.role.word) for c in allowed)
    return HelpResult(data=Help(commands=usages))


def view(result: HelpResult, context: Context) -> Message:
    """Show a line per command, with its description."""
    return help_message([(u.name, u.usage) for u in result.data.commands], context)


COMMAND = Command(
    name="help", arguments=HelpArguments, role=Role.NONE, result=HelpResult, run=run, view=view
)
