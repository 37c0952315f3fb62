"""`/queue retry-all`: move every failed job of a fixed scope back to the queue, in batches."""

from bot.app.command import Command, Effect, Result
from bot.app.filters import RateArguments
from bot.app.plans import BulkExtra, BulkOptions, preview_or_start
from bot.app.work import Work
from bot.models.actions import Action
from bot.models.job_changes import RetriedCount
from bot.models.operations import Progress, Scope
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.views.context import Context
from bot.views.operations.progress import bulk_answer, progress_message

ACTION = Action("retry-all", counts_as="retried", removes="failed", undo_in_bulk=True)


class RetryAllResult(Result):
    """The count as in the spec; the count is 0 until the batches have run."""

    data: RetriedCount
    extra: BulkExtra


def run(work: Work, args: RateArguments) -> RetryAllResult:
    """Preview the scope, or start the confirmed plan."""
    options = BulkOptions(rate=args.rate, canary=args.canary)
    started = preview_or_start(work, ACTION, args, Scope(queue=args.queue), options)
    return RetryAllResult(
        message=started.sentence("Retrying", "Retried"),
        data=RetriedCount(retried_count=0),
        extra=started.extra,
        outcome=started.outcome,
        recorded=started.recorded,
    )


def view(result: RetryAllResult, context: Context) -> Message | Modal:
    """Show the preview as a modal, or report the started operation."""
    return bulk_answer(ACTION.name, result.extra.preview, result.extra.progress, context)


def visible(result: RetryAllResult, context: Context) -> Message | None:
    """Show the progress of the operation; the bot edits the message during the operation."""
    progress = result.extra.progress
    return None if progress is None else progress_message(progress, context)


def finished(progress: Progress) -> RetryAllResult:
    """Return the spec's answer after the last batch."""
    return RetryAllResult(
        message=f"Retried {progress.done} failed jobs",
        data=RetriedCount(retried_count=progress.done),
        extra=BulkExtra(progress=progress),
    )


COMMAND = Command(
    name=ACTION.name,
    arguments=RateArguments,
    role=Role.ADMIN,
    result=RetryAllResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.BULK,
    finished=finished,
    second_person=True,
    action=ACTION,
    examples=(
        "retry-all",
        "retry-all queue=netsuite rate=60/min",
    ),
)
