"""`/queue clear-failed`: delete every failed job of a fixed scope, in batches."""

from pydantic import Field

from bot.app.argument_types import Age
from bot.app.command import Command, Effect, Result
from bot.app.filters import FilterArguments, scope_of
from bot.app.plans import BulkExtra, BulkOptions, preview_or_start
from bot.app.work import Work
from bot.models.actions import Action
from bot.models.job_changes import DeletedCount
from bot.models.operations import Progress, Scope
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.views.context import Context
from bot.views.operations.progress import bulk_answer, progress_message

ACTION = Action("clear-failed", counts_as="deleted", removes="failed", undo_in_bulk=True)


class ClearFailedArguments(FilterArguments):
    """The filter and the minimum age of the failures.

    Without `archive`, no copies are kept, so the change cannot be undone.
    """

    older: Age | None = Field(default=None, json_schema_extra={"form": "7d"})
    archive: bool = Field(default=True, json_schema_extra={"form": "no"})


class ClearFailedResult(Result):
    """The count as in the spec; the count is 0 until the batches have run."""

    data: DeletedCount
    extra: BulkExtra


def run(work: Work, args: ClearFailedArguments) -> ClearFailedResult:
    """Preview the scope, or start the confirmed plan."""
    options = BulkOptions(archive=args.archive)
    started = preview_or_start(work, ACTION, args, _scope(work, args), options)
    return ClearFailedResult(
        message=started.sentence("Clearing", "Cleared"),
        data=DeletedCount(deleted_count=0),
        extra=started.extra,
        outcome=started.outcome,
        recorded=started.recorded,
    )


def _scope(work: Work, args: ClearFailedArguments) -> Scope:
    scope = scope_of(work, args)
    if args.older is None:
        return scope
    old = work.queue.wall_clock(work.now - args.older)
    before = scope.failed_before
    return scope.model_copy(update={"failed_before": old if before is None else min(old, before)})


def view(result: ClearFailedResult, context: Context) -> Message | Modal:
    """Show the preview as a modal in which a person types the count, or report the operation."""
    return bulk_answer(ACTION.name, result.extra.preview, result.extra.progress, context)


def visible(result: ClearFailedResult, context: Context) -> Message | None:
    """Show the progress of the operation; the bot edits the message during the operation."""
    progress = result.extra.progress
    return None if progress is None else progress_message(progress, context)


def finished(progress: Progress) -> ClearFailedResult:
    """Return the spec's answer after the last batch."""
    return ClearFailedResult(
        message=f"Cleared {progress.done} failed jobs",
        data=DeletedCount(deleted_count=progress.done),
        extra=BulkExtra(progress=progress),
    )


COMMAND = Command(
    name=ACTION.name,
    arguments=ClearFailedArguments,
    role=Role.ADMIN,
    result=ClearFailedResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.BULK,
    finished=finished,
    fresh=True,
    second_person=True,
    action=ACTION,
    aliases=("flush",),
    examples=(
        "clear-failed older=30d",
        "clear-failed error=E12",
    ),
)
