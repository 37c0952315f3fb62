"""`/queue job 123`: show the details of one job."""

from pydantic import Field

from bot.app.argument_types import OneId
from bot.app.command import Arguments, Command, Result
from bot.app.details import texts_for_reader
from bot.app.targets import not_found
from bot.app.work import Work
from bot.models.jobs import JobDetail
from bot.models.refusals import JobNotFound
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.queue import reads
from bot.views.context import Context
from bot.views.details import job_detail


class JobArguments(Arguments):
    """The job's id."""

    id: OneId = Field(json_schema_extra={"positional": "ID"})


class JobResult(Result):
    """The job, with its payload masked."""

    data: JobDetail


def run(work: Work, args: JobArguments) -> JobResult:
    """Read the row of the job."""
    try:
        row = reads.job(work.connection, work.queue, work.now, args.id)
    except JobNotFound as error:
        raise not_found(work, "job", args.id) from error
    shown = texts_for_reader(work, row.payload)
    return JobResult(
        data=row.model_copy(update={"payload": shown.payload}), personal=shown.personal
    )


def view(result: JobResult, context: Context) -> Message | Modal:
    """Show the job's state, times, attempts and masked payload."""
    return job_detail(result.data, context)


COMMAND = Command(
    name="job",
    arguments=JobArguments,
    role=Role.VIEWER,
    result=JobResult,
    run=run,
    view=view,
    ids_of="job",
    examples=("job 123",),
)
