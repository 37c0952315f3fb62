"""`/queue handover`: a summary for the next person on call.

It lists active incidents, mutes, running operations and the change freeze.
"""

from bot.app.command import Arguments, Command, Result
from bot.app.work import Work
from bot.models.command_help import HelpTopic
from bot.models.incidents import Handover
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.incidents import overview
from bot.store.operations import change_freeze
from bot.store.reports import home
from bot.views.context import Context
from bot.views.incidents.handover import handover_message

OPERATIONS = 100
"""The maximum number of listed operations."""


class HandoverArguments(Arguments):
    """No arguments."""


class HandoverResult(Result):
    """The incidents, mutes, operations and change freeze that are active now."""

    data: Handover


def run(work: Work, _args: HandoverArguments) -> HandoverResult:
    """Read active incidents, mutes, running operations and the change freeze."""
    connection, now = work.connection, work.now
    return HandoverResult(
        data=Handover(
            incidents=overview.active_incidents(connection, now),
            mutes=overview.named_mutes(connection, now),
            operations=home.at_work(connection, now, OPERATIONS),
            freeze=change_freeze.current(connection),
        )
    )


def view(result: HandoverResult, context: Context) -> Message:
    """Show incidents, then mutes and running operations.

    Incidents without a responsible person are shown first.
    """
    return handover_message(result.data, context)


COMMAND = Command(
    name="handover",
    arguments=HandoverArguments,
    role=Role.VIEWER,
    result=HandoverResult,
    run=run,
    view=view,
    topic=HelpTopic.ALERTS,
)
