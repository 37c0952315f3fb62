"""`/queue error E12`: everything about one error group."""

from pydantic import Field

from bot.app.command import Arguments, Command, Result, Work
from bot.app.parsing import GroupId
from bot.models.error_groups import ErrorDetail, ErrorDetailListed
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.queue import reads
from bot.store.failures import error_group_reads
from bot.views.context import Context
from bot.views.failures.error_groups import error_detail

NEWEST = 5
LOOKED_AT = 200
"""Of so many newest failures of the group, those that are still there are shown."""


class ErrorArguments(Arguments):
    """Which group."""

    error: GroupId = Field(json_schema_extra={"positional": "E12"})


class ErrorResult(Result):
    """The group, an example of its exception, its newest failures."""

    data: ErrorDetail
    extra: ErrorDetailListed


def run(work: Work, args: ErrorArguments) -> ErrorResult:
    """Read the group's sums and the newest failures that are there."""
    within = error_group_reads.window(work.queue, work.now, None, None)
    found = error_group_reads.group(work.connection, within, args.error)
    rows = error_group_reads.newest(work.connection, args.error, LOOKED_AT)
    there = {row["failed_id"]: row["row_digest"] for row in rows if row["removed_at"] is None}
    listed = reads.failed_by_ids(work.connection, work.queue, list(there)[:NEWEST])
    same = [row for row in listed if row.digest == there[row.id]]
    return ErrorResult(
        data=ErrorDetail(
            group=found,
            exception=work.queue.mask(same[0].exception) if same else None,
            failed_jobs=tuple(reads.failed_of(work.queue, row) for row in same),
        ),
        extra=ErrorDetailListed(row_digests={row.id: row.digest for row in same}),
    )


def view(result: ErrorResult, context: Context) -> Message | Modal:
    """Its whole text, an example, and its newest failures, each with Retry for those who may."""
    return error_detail(result.data, result.extra, context)


COMMAND = Command(
    name="error",
    arguments=ErrorArguments,
    role=Role.VIEWER,
    result=ErrorResult,
    run=run,
    view=view,
    examples=("error E12",),
)
