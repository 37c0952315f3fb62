"""`/queue failed`: list the failed jobs, newest first."""

from pydantic import Field

from bot.app.command import LARGEST_ID, ROWS_FORM, Arguments, Command, Result
from bot.app.known_queue import require_known
from bot.app.work import Work
from bot.models.jobs import FailedJobList, Listed
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue import reads
from bot.queue.layouts import LONGEST_QUEUE
from bot.views.context import Context
from bot.views.lists import failed_list


class FailedArguments(Arguments):
    """The `limit` of the spec and a queue; `after` is the last id of the previous page."""

    queue: str | None = Field(
        default=None, max_length=LONGEST_QUEUE, json_schema_extra={"form": "NAME"}
    )
    limit: int = Field(
        default=reads.LIST_LIMIT, ge=1, le=reads.MAX_LIST_LIMIT, json_schema_extra=ROWS_FORM
    )
    after: int | None = Field(default=None, ge=0, le=LARGEST_ID, json_schema_extra={"form": "ID"})


class FailedResult(Result):
    """The list of failed jobs, as in the spec."""

    data: FailedJobList
    extra: Listed


def run(work: Work, args: FailedArguments) -> FailedResult:
    """Read one page of failed jobs."""
    rows, digests = reads.failed(
        work.connection, work.queue, name=args.queue, limit=args.limit, after=args.after
    )
    if not rows.failed_jobs and args.after is None:
        require_known(work, args.queue)
    arguments = args.model_dump(exclude_none=True, exclude={"after"})
    return FailedResult(
        data=rows,
        extra=Listed(
            row_digests=digests, arguments=arguments, whole="limit" in args.model_fields_set
        ),
    )


def view(result: FailedResult, context: Context) -> Message:
    """Show one line per failed job, with Details and, if permitted, Retry and Delete."""
    return failed_list(result.data, result.extra, context)


COMMAND = Command(
    name="failed",
    arguments=FailedArguments,
    role=Role.VIEWER,
    result=FailedResult,
    run=run,
    view=view,
    examples=(
        "failed",
        "failed queue=netsuite",
        "failed limit=50",
    ),
)
