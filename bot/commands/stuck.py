"""`/queue stuck`: jobs that a worker has held for too long, longest first."""

from datetime import timedelta

from pydantic import Field

from bot.app.argument_types import Age
from bot.app.command import Arguments, Command, Result, Work
from bot.models.jobs import StuckJobs, StuckListed
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue import reads
from bot.queue.stuck import stuck
from bot.views.context import Context
from bot.views.stuck import stuck_list


class StuckArguments(Arguments):
    """The minimum age; the default is the setting `QUEUE_BOT_RESERVED_SECONDS`."""

    older: Age | None = Field(default=None, json_schema_extra={"form": "5m"})
    limit: int = Field(default=reads.LIST_LIMIT, ge=1, le=reads.MAX_LIST_LIMIT)


class StuckResult(Result):
    """The stuck jobs."""

    data: StuckJobs
    extra: StuckListed


def run(work: Work, args: StuckArguments) -> StuckResult:
    """Read the stuck jobs, as many as time allows."""
    older = args.older or timedelta(seconds=work.setup.reserved_seconds)
    seconds = int(older.total_seconds())
    rows, listed = stuck(work.connection, work.queue, work.now, seconds, args.limit)
    return StuckResult(data=rows, extra=listed)


def view(result: StuckResult, context: Context) -> Message:
    """Show each job with its age, Details and, if permitted, Release and Delete."""
    return stuck_list(result.data, result.extra, context)


COMMAND = Command(
    name="stuck",
    arguments=StuckArguments,
    role=Role.VIEWER,
    result=StuckResult,
    run=run,
    view=view,
    examples=("stuck older=1h",),
)
