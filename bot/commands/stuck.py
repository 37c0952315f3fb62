"""`/queue stuck`: list jobs that have been reserved for too long, oldest reservation first."""

from datetime import timedelta

from pydantic import Field

from bot.app.argument_types import Age
from bot.app.command import ROWS_FORM, Arguments, Command, Result
from bot.app.work import Work
from bot.models.jobs import Listed, StuckJobs
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue import reads
from bot.queue.stuck import stuck
from bot.views.context import Context
from bot.views.stuck import stuck_list


class StuckArguments(Arguments):
    """The minimum age of a reservation; the default is `QUEUE_BOT_RESERVED_SECONDS`."""

    older: Age | None = Field(default=None, json_schema_extra={"form": "5m"})
    limit: int = Field(
        default=reads.LIST_LIMIT, ge=1, le=reads.MAX_LIST_LIMIT, json_schema_extra=ROWS_FORM
    )


class StuckResult(Result):
    """The stuck jobs."""

    data: StuckJobs
    extra: Listed


def run(work: Work, args: StuckArguments) -> StuckResult:
    """Read the stuck jobs until the time limit."""
    older = args.older or timedelta(seconds=work.setup.reserved_seconds)
    seconds = int(older.total_seconds())
    rows, listed = stuck(work.connection, work.queue, work.now, seconds, args.limit)
    whole = "limit" in args.model_fields_set
    return StuckResult(data=rows, extra=listed.model_copy(update={"whole": whole}))


def view(result: StuckResult, context: Context) -> Message:
    """Show each job with its reservation's age, Details and, if permitted, Release and Delete."""
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
