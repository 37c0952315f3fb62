"""`/queue status`: what every queue holds, and how old the oldest pending job is."""

from datetime import datetime

from bot.app.command import Arguments, Command, Result, Work
from bot.database.transactions import TooSlow
from bot.models.jobs import QueueStatus, Value
from bot.models.operations import Freeze
from bot.models.refusals import Busy
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue import job_counts
from bot.store.metrics import samples
from bot.store.operations import change_freeze
from bot.views.context import Context
from bot.views.status import status_message

EXACT_SECONDS = 0.4
"""What each of the three scans may take otherwise: a small table on a busy machine is still
counted, not said to be large."""


class StatusArguments(Arguments):
    """No arguments."""


class StatusExtra(Value):
    """Whether the counts are exact now, else when they were (naive UTC); the freeze in force."""

    exact: bool
    as_of: datetime | None = None
    freeze: Freeze | None = None


class StatusResult(Result):
    """The spec's status."""

    data: QueueStatus
    extra: StatusExtra


def run(work: Work, _args: StatusArguments) -> StatusResult:
    """Count exactly where that is quick, else say the last exact figures and their time."""
    sample = samples.latest(work.connection)
    off = change_freeze.current(work.connection)
    if sample is None or samples.counts_quickly(work.connection, sample):
        try:
            exact = job_counts.count(work.connection, work.queue, work.now, EXACT_SECONDS).status
            return StatusResult(data=exact, extra=StatusExtra(exact=True, freeze=off))
        except TooSlow as error:
            if sample is None:
                raise Busy from error
    extra = StatusExtra(exact=False, as_of=sample.taken_at, freeze=off)
    return StatusResult(data=sample.status, extra=extra)


def view(result: StatusResult, context: Context) -> Message:
    """Totals, a table per queue, the oldest pending job."""
    return status_message(result.data, result.extra.as_of, context, result.extra.freeze)


COMMAND = Command(
    name="status",
    arguments=StatusArguments,
    role=Role.VIEWER,
    result=StatusResult,
    run=run,
    view=view,
)
