"""`/queue retry-all`: move every failed job of a frozen scope back to the queue, in batches."""

from pydantic import Field

from bot.ledger.model import Progress, Scope
from bot.model import Message, Modal, Role
from bot.plans import BulkExtra, confirm, preview
from bot.queue.model import RetriedCount
from bot.registry import Arguments, Command, Effect, Result, Work
from bot.views.bulk import bulk_answer, progress_message
from bot.views.context import Context


class RetryAllArguments(Arguments):
    """One queue or all; `plan` names the preview that is confirmed."""

    queue: str | None = Field(default=None, max_length=191, json_schema_extra={"form": "NAME"})
    plan: int | None = Field(default=None, ge=1, json_schema_extra={"internal": True})
    typed: int | None = Field(default=None, json_schema_extra={"internal": True})


class RetryAllResult(Result):
    """The spec's count: 0 until the batches have run."""

    data: RetriedCount
    extra: BulkExtra


def run(work: Work, args: RetryAllArguments) -> RetryAllResult:
    """Preview the scope, or start what was previewed."""
    nothing = RetriedCount(retried_count=0)
    if args.plan is not None:
        started = confirm(work, "retry-all", args, typed=False)
        return RetryAllResult(
            message=f"Retrying {started.total} failed jobs",
            data=nothing,
            extra=BulkExtra(progress=started),
            outcome="started",
        )
    frozen = preview(work, "retry-all", Scope(queue=args.queue))
    if frozen.total == 0:
        return RetryAllResult(
            message="Retried 0 failed jobs",
            data=nothing,
            extra=BulkExtra(preview=frozen),
            outcome="no-op",
        )
    return RetryAllResult(data=nothing, extra=BulkExtra(preview=frozen), outcome=None)


def view(result: RetryAllResult, context: Context) -> Message | Modal:
    """The preview as a dialog; after its confirmation, that it has started."""
    return bulk_answer("retry-all", result.extra.preview, result.extra.progress, context)


def visible(result: RetryAllResult, context: Context) -> Message | None:
    """The progress, edited while it goes on."""
    progress = result.extra.progress
    return None if progress is None else progress_message(progress, context)


def finished(progress: Progress) -> RetryAllResult:
    """The spec's answer when the batches have run."""
    return RetryAllResult(
        message=f"Retried {progress.done} failed jobs",
        data=RetriedCount(retried_count=progress.done),
        extra=BulkExtra(progress=progress),
    )


COMMAND = Command(
    name="retry-all",
    arguments=RetryAllArguments,
    role=Role.ADMIN,
    result=RetryAllResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.BULK,
    finished=finished,
)
