"""`/queue status`: the counts of every queue and the age of the oldest available job."""

from datetime import datetime

from bot.app.command import Arguments, Command, Result
from bot.app.work import Work
from bot.database.transactions import TooSlow
from bot.models.jobs import QueueStatus
from bot.models.operations import Freeze
from bot.models.queue_jobs import QueueJobs
from bot.models.refusals import Busy
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.value import Value
from bot.queue import job_counts, job_estimates
from bot.store.metrics import samples
from bot.store.operations import change_freeze
from bot.views.context import Context
from bot.views.status import status_message

EXACT_SECONDS = 0.4
"""Time limit of each of the three scans, in seconds.

The limit is long enough for a small table on a busy machine.
"""


class StatusArguments(Arguments):
    """No arguments."""


class StatusExtra(Value):
    """The jobs of each queue by state, as on Home, and the current change freeze.

    `exact`: the counts are exact and current. If not, `as_of` is the time of the counts (naive
    UTC). `estimated`: the counts are estimates, because no exact count exists yet.
    """

    queues: tuple[QueueJobs, ...]
    exact: bool
    as_of: datetime | None = None
    estimated: bool = False
    freeze: Freeze | None = None


class StatusResult(Result):
    """The status, as in the spec."""

    data: QueueStatus
    extra: StatusExtra


def run(work: Work, _args: StatusArguments) -> StatusResult:
    """Return exact counts if counting is fast, else the last exact counts and their time.

    Before the first exact count of a large queue, the counts are estimates.
    """
    sample = samples.latest(work.connection)
    freeze = change_freeze.current(work.connection)
    if sample is None or samples.counts_quickly(work.connection, sample):
        try:
            counts = job_counts.count(work.connection, work.queue, work.now, EXACT_SECONDS)
            extra = StatusExtra(queues=counts.queues, exact=True, freeze=freeze)
            return StatusResult(data=counts.status, extra=extra)
        except TooSlow as error:
            if sample is None:
                return _estimated(work, freeze, error)
    extra = StatusExtra(queues=sample.queues, exact=False, as_of=sample.taken_at, freeze=freeze)
    return StatusResult(data=sample.status, extra=extra)


def _estimated(work: Work, freeze: Freeze | None, error: TooSlow) -> StatusResult:
    counts = job_estimates.estimate(work.connection, work.queue, work.now)
    if counts is None:
        raise Busy from error
    extra = StatusExtra(queues=counts.queues, exact=False, estimated=True, freeze=freeze)
    return StatusResult(data=counts.status, extra=extra)


def view(result: StatusResult, context: Context) -> Message:
    """Show the totals, a table of the queues and the oldest available job."""
    extra, failed = result.extra, result.data.failed_jobs_count
    return status_message(
        extra.queues, failed, extra.as_of, context, extra.freeze, estimated=extra.estimated
    )


COMMAND = Command(
    name="status",
    arguments=StatusArguments,
    role=Role.VIEWER,
    result=StatusResult,
    run=run,
    view=view,
)
