"""`/queue status`: the counts of every queue and the age of the oldest pending job."""

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
"""Time limit of each of the three scans; long enough for a small table on a busy machine."""


class StatusArguments(Arguments):
    """No arguments."""


class StatusExtra(Value):
    """Whether the counts are exact now, else their time (naive UTC); the current freeze."""

    exact: bool
    as_of: datetime | None = None
    freeze: Freeze | None = None


class StatusResult(Result):
    """The spec's status."""

    data: QueueStatus
    extra: StatusExtra


def run(work: Work, _args: StatusArguments) -> StatusResult:
    """Count exactly if that is quick, else return the last exact counts and their time."""
    sample = samples.latest(work.connection)
    freeze = change_freeze.current(work.connection)
    if sample is None or samples.counts_quickly(work.connection, sample):
        try:
            exact = job_counts.count(work.connection, work.queue, work.now, EXACT_SECONDS).status
            return StatusResult(data=exact, extra=StatusExtra(exact=True, freeze=freeze))
        except TooSlow as error:
            if sample is None:
                raise Busy from error
    extra = StatusExtra(exact=False, as_of=sample.taken_at, freeze=freeze)
    return StatusResult(data=sample.status, extra=extra)


def view(result: StatusResult, context: Context) -> Message:
    """Show the totals, a table per queue and the oldest pending job."""
    return status_message(result.data, result.extra.as_of, context, result.extra.freeze)


COMMAND = Command(
    name="status",
    arguments=StatusArguments,
    role=Role.VIEWER,
    result=StatusResult,
    run=run,
    view=view,
)
