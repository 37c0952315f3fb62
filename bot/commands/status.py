"""`/queue status`: what every queue holds, and how old the oldest pending job is."""

from datetime import datetime

from bot.errors import Busy
from bot.ledger import samples
from bot.model import Message, Role
from bot.queue import reads
from bot.queue.database import TooSlow
from bot.queue.model import QueueStatus, Value
from bot.registry import Arguments, Command, Result, Work
from bot.views.context import Context
from bot.views.status import status_message

EXACT_SECONDS = 0.05
"""What each of the three scans may take: together under 250 ms, the promise for any table size."""


FIRST_SECONDS = 0.5
"""The same while nothing has been counted in the background yet, in the first minute of all."""


class StatusArguments(Arguments):
    """No arguments."""


class StatusExtra(Value):
    """Whether the counts are exact now, else when they were (naive UTC)."""

    exact: bool
    as_of: datetime | None = None


class StatusResult(Result):
    """The spec's status."""

    data: QueueStatus
    extra: StatusExtra


def run(work: Work, _args: StatusArguments) -> StatusResult:
    """Count exactly where that is quick, else say the last exact figures and their time."""
    sample = samples.latest(work.connection)
    limit = FIRST_SECONDS if sample is None else EXACT_SECONDS
    if sample is None or sample.took_ms < 3_000 * EXACT_SECONDS:
        try:
            exact = reads.status(work.connection, work.queue, work.now, limit)
            return StatusResult(data=exact, extra=StatusExtra(exact=True))
        except TooSlow as error:
            if sample is None:
                raise Busy from error
    return StatusResult(data=sample.status, extra=StatusExtra(exact=False, as_of=sample.taken_at))


def view(result: StatusResult, context: Context) -> Message:
    """Totals, a table per queue, the oldest pending job."""
    return status_message(result.data, result.extra.as_of, context)


COMMAND = Command(
    name="status",
    arguments=StatusArguments,
    role=Role.VIEWER,
    result=StatusResult,
    run=run,
    view=view,
)
