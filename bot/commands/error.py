"""`/queue error E12`: show the details of one error group."""

from pydantic import Field

from bot.app.argument_types import GroupId
from bot.app.command import Arguments, Command, Result
from bot.app.work import Work
from bot.models.error_groups import ErrorDetail, ErrorDetailListed, MergedGroup
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.queue import reads
from bot.store.failures import (
    error_group_reads,
    error_group_sums,
    error_groups,
    error_merges,
    error_notes,
)
from bot.views.context import Context
from bot.views.failures.error_groups import error_detail

NEWEST = 5
LOOKED_AT = 200
"""Failed jobs that still exist are searched among this many of the newest failures."""


class ErrorArguments(Arguments):
    """The error group's id."""

    error: GroupId = Field(json_schema_extra={"positional": "E12"})


class ErrorResult(Result):
    """The error group, an example of its exception, and its newest failures."""

    data: ErrorDetail
    extra: ErrorDetailListed


def run(work: Work, args: ErrorArguments) -> ErrorResult:
    """Read the totals of the error group and its newest failed jobs that still exist."""
    within = error_group_sums.window(work.queue, work.now, None, None)
    group = error_group_reads.group(work.connection, within, args.error)
    number = int(group.error.removeprefix("E"))
    members = error_merges.of_groups(work.connection, [number])
    rows = error_group_reads.newest(work.connection, members, LOOKED_AT)
    digests = {row["failed_id"]: row["row_digest"] for row in rows if row["removed_at"] is None}
    listed = reads.failed_by_ids(work.connection, work.queue, list(digests)[:NEWEST])
    unchanged = [row for row in listed if row.digest == digests[row.id]]
    return ErrorResult(
        data=ErrorDetail(
            group=group,
            exception=work.queue.mask(unchanged[0].exception) if unchanged else None,
            failed_jobs=tuple(reads.failed_of(work.queue, row) for row in unchanged),
        ),
        extra=ErrorDetailListed(
            row_digests={row.id: row.digest for row in unchanged},
            note=error_notes.of_members(work.connection, members),
            merged=_merged(work, number),
        ),
    )


def _merged(work: Work, group: int) -> tuple[MergedGroup, ...]:
    """Return the groups that are merged into this group."""
    parts = error_merges.parts(work.connection, group)
    names = error_groups.names_of(work.connection, [part.group for part in parts]) if parts else {}
    return tuple(
        MergedGroup(error=f"E{part.group}", name=names.get(part.group, ""), by=part.by, at=part.at)
        for part in parts
    )


def view(result: ErrorResult, context: Context) -> Message | Modal:
    """Show the text of the error group, an example, and its newest failures.

    Each failure has a Retry button if the person may retry.
    """
    return error_detail(result.data, result.extra, context)


COMMAND = Command(
    name="error",
    arguments=ErrorArguments,
    role=Role.VIEWER,
    result=ErrorResult,
    run=run,
    view=view,
    leads_to={"merge": "merge", "note": "note"},
    examples=("error E12",),
)
