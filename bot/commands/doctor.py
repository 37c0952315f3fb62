"""`/queue doctor`: check the settings, Slack, the database and the bot's work.

The checks open their own connections, and do not use the transaction of the request.
"""

from bot.app.command import Arguments, Command, Result
from bot.app.work import Work
from bot.models.command_help import HelpTopic
from bot.models.doctor import Diagnosis
from bot.models.requests import Message
from bot.models.roles import Role
from bot.views.context import Context
from bot.views.reports.doctor import doctor_message


class DoctorArguments(Arguments):
    """No arguments."""


class DoctorResult(Result):
    """The findings of all checks."""

    data: Diagnosis


def run(work: Work, _args: DoctorArguments) -> DoctorResult:
    """Run all checks."""
    return DoctorResult(data=work.setup.diagnose())


def view(result: DoctorResult, context: Context) -> Message:
    """Show each problem, warning and skipped check, and the names of the other checks."""
    return doctor_message(result.data, context)


COMMAND = Command(
    name="doctor",
    arguments=DoctorArguments,
    role=Role.ADMIN,
    result=DoctorResult,
    run=run,
    view=view,
    topic=HelpTopic.ADMINISTRATION,
)
