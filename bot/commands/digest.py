"""`/queue digest`: show today's digest before its scheduled time."""

from bot.app.command import Arguments, Command, Result
from bot.app.work import Work
from bot.models.digest import Digest
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.reports import digest
from bot.store.reports.digest_days import covered_days
from bot.views.context import Context
from bot.views.reports.digest import digest_message
from bot.wall_clock import from_utc


class DigestArguments(Arguments):
    """No arguments."""


class DigestResult(Result):
    """The digest: changes, failures and active incidents."""

    data: Digest


def run(work: Work, _args: DigestArguments) -> DigestResult:
    """Read the days from the day of the last digest to yesterday."""
    setup = work.setup
    today = from_utc(work.now, setup.zone).date()
    days = covered_days(today, setup.alerting.digest_days, setup.zone)
    return DigestResult(data=digest.read(work.connection, days, work.now, setup.actions))


def view(result: DigestResult, context: Context) -> Message:
    """Show the message that the scheduled digest would show."""
    return digest_message(result.data, context)


COMMAND = Command(
    name="digest",
    arguments=DigestArguments,
    role=Role.VIEWER,
    result=DigestResult,
    run=run,
    view=view,
)
