"""`/queue delete-failed 45`: delete failed jobs; the jobs are not retried."""

from bot.app.command import Command, Effect, Result
from bot.app.targets import (
    RowArguments,
    archived_as,
    batches_of,
    change_each,
    children_unless,
    deleted_row,
    lock_failed,
    target,
)
from bot.app.work import Work
from bot.models.actions import Action
from bot.models.job_changes import DeletedCount, DeletedFailed, DeletedRows
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue import moves
from bot.queue.layouts.rows import failed_at_text
from bot.queue.moves import LockedFailed
from bot.store import archive
from bot.store.failures import removal
from bot.views.changes import deleted_failed, deleted_failed_visible
from bot.views.context import Context

ACTION = Action("delete-failed", counts_as="deleted", removes="failed", undo_by_id=True)


class DeleteFailedResult(Result):
    """For one id, the answer is as in the spec; for several ids, it is the count."""

    data: DeletedFailed | DeletedCount
    extra: DeletedRows


def run(work: Work, args: RowArguments) -> DeleteFailedResult:
    """Lock the rows, check their digests, archive and delete the rows; check the row counts."""
    rows, skipped = lock_failed(work, args.ids, args.digest)

    def delete(row: LockedFailed) -> None:
        this = work.queue.failed_layout.id == row.id
        archive.keep_failed(work.connection, work.queue, this, archived_as(work, ACTION))
        moves.delete_failed(work.connection, work.queue, row.id)

    children = children_unless(work, work.queue.failed, force=args.force)
    changed, refused = change_each(work, rows, delete, children)
    rows = [row for row, _ in changed]
    actor = work.invocation.actor.user
    ids = [row.id for row in rows]
    removal.mark_removed_by(work.connection, ids, actor, ACTION, work.now)
    batches = batches_of(work, rows)
    deleted_rows = tuple(
        deleted_row(row, batches.get(row.id), failed_at=failed_at_text(row.failed_at))
        for row in rows
    )
    first = deleted_rows[0]
    single = len(args.ids) == 1
    return DeleteFailedResult(
        message=f"Failed job {first.id} deleted permanently"
        if single
        else f"Deleted {len(deleted_rows)} failed jobs",
        data=DeletedFailed(queue=first.queue, failed_at=str(first.failed_at))
        if single
        else DeletedCount(deleted_count=len(deleted_rows)),
        extra=DeletedRows(jobs=deleted_rows, skipped=skipped + refused),
        targets=tuple(target("failed", row) for row in rows),
    )


def view(result: DeleteFailedResult, context: Context) -> Message:
    """Show the deleted failed jobs, and the skipped ids with their reasons."""
    return deleted_failed(result.extra.jobs, result.extra.skipped, context)


def visible(result: DeleteFailedResult, context: Context) -> Message:
    """Show the channel the deleted failed jobs and who deleted them."""
    return deleted_failed_visible(result.extra.jobs, context)


COMMAND = Command(
    name=ACTION.name,
    arguments=RowArguments,
    role=Role.ADMIN,
    result=DeleteFailedResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    fresh=True,
    action=ACTION,
    aliases=("forget",),
    examples=(
        "delete-failed 45",
        "delete-failed 45 46 50-60",
    ),
)
