"""`/queue failed-job 45`: show the details of one failed job."""

from pydantic import Field

from bot.app.argument_types import OneId
from bot.app.command import Arguments, Command, Result
from bot.app.details import texts_for_reader
from bot.app.targets import not_found
from bot.app.work import Work
from bot.models.jobs import FailedJobDetail
from bot.models.refusals import FailedJobNotFound
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.queue import reads
from bot.store.failures import error_merges, failure_lookups
from bot.views.context import Context
from bot.views.details import failed_detail


class FailedJobArguments(Arguments):
    """The failed job's id."""

    id: OneId = Field(json_schema_extra={"positional": "ID"})


class FailedJobResult(Result):
    """The failed job, with its payload and its exception masked."""

    data: FailedJobDetail


def run(work: Work, args: FailedJobArguments) -> FailedJobResult:
    """Read the row of the failed job."""
    try:
        row = reads.failed_job(work.connection, work.queue, args.id)
    except FailedJobNotFound as error:
        raise not_found(work, "failed", args.id) from error
    shown = texts_for_reader(work, row.payload, row.exception)
    group = failure_lookups.error_group_of(work.connection, args.id, row.row_digest)
    whole = None if group is None else error_merges.read(work.connection).whole(group)
    details = {
        "payload": shown.payload,
        "exception": shown.exception,
        "error": None if whole is None else f"E{whole}",
    }
    return FailedJobResult(data=row.model_copy(update=details), personal=shown.personal)


def view(result: FailedJobResult, context: Context) -> Message | Modal:
    """Show the failed job, its failure time, the complete exception and the masked payload."""
    return failed_detail(result.data, context)


COMMAND = Command(
    name="failed-job",
    arguments=FailedJobArguments,
    role=Role.VIEWER,
    result=FailedJobResult,
    run=run,
    view=view,
    ids_of="failed",
    examples=("failed-job 45",),
)
