"""`/queue whoami`: show the person's role, its rule, and whether changes are allowed here."""

from bot.access.roles import allows_changes
from bot.app.command import Arguments, Command, Result
from bot.app.work import Work
from bot.models.command_help import HelpTopic
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.value import Value
from bot.views.context import Context
from bot.views.people import whoami_message


class WhoAmIArguments(Arguments):
    """No arguments."""


class WhoAmI(Value):
    """The role, the rule that grants the role, and whether this channel allows changes."""

    user: str
    role: str
    rule: str
    changes_here: bool
    change_channels: tuple[str, ...]


class WhoAmIResult(Result):
    """The person's role."""

    data: WhoAmI


def run(work: Work, _args: WhoAmIArguments) -> WhoAmIResult:
    """Return the person's role and rule, which `dispatch` has already checked."""
    rules = work.setup.rules
    invocation = work.invocation
    return WhoAmIResult(
        data=WhoAmI(
            user=invocation.actor.user,
            role=work.grant.role.word,
            rule=work.grant.rule,
            changes_here=allows_changes(rules, invocation),
            change_channels=rules.change_channels,
        )
    )


def view(result: WhoAmIResult, context: Context) -> Message:
    """Show the role, the rule that grants the role, and the channels that allow changes."""
    data = result.data
    return whoami_message(data.user, data.rule, data.changes_here, data.change_channels, context)


COMMAND = Command(
    name="whoami",
    arguments=WhoAmIArguments,
    role=Role.NONE,
    result=WhoAmIResult,
    run=run,
    view=view,
    topic=HelpTopic.ADMINISTRATION,
)
