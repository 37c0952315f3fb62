"""`/queue jobs`: list the available, delayed and reserved jobs."""

from typing import Literal

from pydantic import Field

from bot.app.command import LARGEST_ID, ROWS_FORM, Arguments, Command, Result
from bot.app.known_queue import require_known
from bot.app.work import Work
from bot.models.jobs import JobList, JobState, Listed
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue import reads
from bot.queue.layouts import LONGEST_QUEUE
from bot.views.context import Context
from bot.views.lists import job_list


class JobsArguments(Arguments):
    """The filters of the spec; `after` is the last id of the previous page."""

    queue: str | None = Field(
        default=None, max_length=LONGEST_QUEUE, json_schema_extra={"form": "NAME"}
    )
    status: JobState = Field(default="all", json_schema_extra={"form": "pending|reserved|all"})
    limit: int = Field(
        default=reads.LIST_LIMIT, ge=1, le=reads.MAX_LIST_LIMIT, json_schema_extra=ROWS_FORM
    )
    sort: Literal["newest", "oldest"] = Field(
        default="newest", json_schema_extra={"form": "newest|oldest"}
    )
    after: int | None = Field(default=None, ge=0, le=LARGEST_ID, json_schema_extra={"form": "ID"})


class JobsResult(Result):
    """The list of jobs, as in the spec."""

    data: JobList
    extra: Listed


def run(work: Work, args: JobsArguments) -> JobsResult:
    """Read one page of jobs."""
    rows, listed = reads.jobs(
        work.connection,
        work.queue,
        work.now,
        name=args.queue,
        state=args.status,
        limit=args.limit,
        oldest_first=args.sort == "oldest",
        after=args.after,
    )
    arguments = args.model_dump(exclude_none=True, exclude={"after"})
    if not rows.jobs and args.after is None:
        require_known(work, args.queue)
    update = {"arguments": arguments, "whole": "limit" in args.model_fields_set}
    return JobsResult(data=rows, extra=listed.model_copy(update=update))


def view(result: JobsResult, context: Context) -> Message:
    """Show one line per job, with Details and, if permitted, Delete or Release."""
    return job_list(result.data, result.extra, context)


COMMAND = Command(
    name="jobs",
    arguments=JobsArguments,
    role=Role.VIEWER,
    result=JobsResult,
    run=run,
    view=view,
    examples=(
        "jobs status=reserved",
        "jobs queue=netsuite sort=oldest",
        "jobs limit=50",
    ),
)
