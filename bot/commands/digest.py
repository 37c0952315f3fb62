"""`/queue digest`: the digest as it would be posted today, for whoever does not want to wait."""

from bot.app.command import Arguments, Command, Result, Work
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
    """What was done, what failed and what is open."""

    data: Digest


def run(work: Work, _args: DigestArguments) -> DigestResult:
    """Read the days since the last digest's day, until yesterday."""
    setup = work.setup
    today = from_utc(work.now, setup.zone).date()
    days = covered_days(today, setup.alerting.digest_days, setup.zone)
    return DigestResult(data=digest.read(work.connection, days, work.now, setup.actions))


def view(result: DigestResult, context: Context) -> Message:
    """The same message as the one that is posted."""
    return digest_message(result.data, context)


COMMAND = Command(
    name="digest",
    arguments=DigestArguments,
    role=Role.VIEWER,
    result=DigestResult,
    run=run,
    view=view,
)
