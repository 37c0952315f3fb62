"""`/queue delete 123`: delete available, delayed or reserved jobs from the queue."""

from bot.app.command import Command, Effect, Result
from bot.app.targets import (
    RowArguments,
    archived_as,
    batches_of,
    change_each,
    children_unless,
    deleted_row,
    lock_jobs,
    target,
)
from bot.app.work import Work
from bot.models.actions import Action
from bot.models.job_changes import Deleted, DeletedCount, DeletedRows
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue import moves
from bot.queue.moves import LockedJob
from bot.store import archive
from bot.store.deltas import metric_deltas
from bot.views.changes import deleted, deleted_visible
from bot.views.context import Context

ACTION = Action("delete", counts_as="deleted", removes="job", undo_by_id=True)


class DeleteResult(Result):
    """For one id, the answer is as in the spec; for several ids, it is the count."""

    data: Deleted | DeletedCount
    extra: DeletedRows


def run(work: Work, args: RowArguments) -> DeleteResult:
    """Lock the rows, check their digests, archive and delete the rows; check the row counts."""
    rows, skipped = lock_jobs(work, args.ids, args.digest)

    def delete(row: LockedJob) -> None:
        archive.keep_job(work.connection, work.queue, row.id, archived_as(work, ACTION))
        moves.delete_job(work.connection, work.queue, row.id)

    children = children_unless(work, work.queue.jobs, force=args.force)
    changed, refused = change_each(work, rows, delete, children)
    rows = [row for row, _ in changed]
    metric_deltas.append_removed(work.connection, len(rows))
    batches = batches_of(work, rows)
    deleted_rows = tuple(
        deleted_row(
            row,
            batches.get(row.id),
            attempts=row.attempts,
            reserved=row.reserved_at is not None,
        )
        for row in rows
    )
    first = rows[0]
    single = len(args.ids) == 1
    return DeleteResult(
        message=f"Job {first.id} deleted" if single else f"Deleted {len(rows)} jobs",
        data=Deleted(queue=first.queue, attempts=first.attempts)
        if single
        else DeletedCount(deleted_count=len(rows)),
        extra=DeletedRows(jobs=deleted_rows, skipped=skipped + refused),
        targets=tuple(target("job", row) for row in rows),
    )


def view(result: DeleteResult, context: Context) -> Message:
    """Show the deleted jobs, and warn if a worker may still finish a deleted job."""
    return deleted(result.extra.jobs, result.extra.skipped, context)


def visible(result: DeleteResult, context: Context) -> Message:
    """Show the channel the deleted jobs and who deleted them."""
    return deleted_visible(result.extra.jobs, context)


COMMAND = Command(
    name=ACTION.name,
    arguments=RowArguments,
    role=Role.ADMIN,
    result=DeleteResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    fresh=True,
    action=ACTION,
    examples=(
        "delete 123",
        "delete 123 124",
    ),
)
