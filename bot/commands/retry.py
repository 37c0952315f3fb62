"""`/queue retry 45`: move failed jobs back to the queue."""

from bot.failpoints import reach
from bot.ledger import archive, failures, followed
from bot.model import Message, Role
from bot.queue import moves
from bot.queue.model import Retried, RetriedCount, RetriedJob, SkippedRow, Value
from bot.registry import Command, Effect, Result, Work
from bot.targets import RowArguments, lock_failed, target
from bot.views.changes import retried, retried_visible
from bot.views.context import Context


class RetryExtra(Value):
    """The jobs under their new ids, and the ids that were left alone."""

    jobs: tuple[RetriedJob, ...]
    skipped: tuple[SkippedRow, ...]


class RetryResult(Result):
    """One id: the spec's answer. Several: their count."""

    data: Retried | RetriedCount
    extra: RetryExtra


def run(work: Work, args: RowArguments) -> RetryResult:
    """Lock, compare with what was seen, archive, move; the row count decides."""
    rows, skipped = lock_failed(work, args.ids, args.digest)
    before = followed.before_retry(work.connection, work.queue, [row.id for row in rows])
    reach("retry-locked")
    moved = []
    for row in rows:
        archive.keep_failed(
            work.connection,
            work.queue,
            work.queue.failed.c.id == row.id,
            "retry",
            work.invocation.request_id,
            work.now,
        )
        reach("retry-archived")
        job_id = moves.retry(work.connection, work.queue, row.id, work.now)
        reach("retry-moved")
        moved.append(
            RetriedJob(
                failed_id=row.id,
                job_id=job_id,
                queue=row.queue,
                failed_at=row.failed_at.strftime("%Y-%m-%d %H:%M:%S"),
                job_class=row.identity.job_class,
                order_id=row.identity.order_id,
            )
        )
    actor = work.invocation.actor.user
    followed.follow(
        work.connection,
        work.invocation.request_id,
        actor,
        [(before[job.failed_id], job.job_id, job.job_class, job.order_id) for job in moved],
        work.now,
    )
    failures.take_out(work.connection, [row.id for row in rows], actor, "retry", work.now)
    first = moved[0]
    single = len(args.ids) == 1
    return RetryResult(
        message=f"Job {first.failed_id} moved back to queue for retry"
        if single
        else f"Retried {len(moved)} failed jobs",
        data=Retried(queue=first.queue, failed_at=first.failed_at)
        if single
        else RetriedCount(retried_count=len(moved)),
        extra=RetryExtra(jobs=tuple(moved), skipped=skipped),
        targets=tuple(
            target("failed", row).model_copy(update={"job_id": job.job_id})
            for row, job in zip(rows, moved, strict=True)
        ),
    )


def view(result: RetryResult, context: Context) -> Message:
    """What went back to the queue, and what was skipped and why."""
    return retried(result.extra.jobs, result.extra.skipped, context)


def visible(result: RetryResult, context: Context) -> Message:
    """The same for the channel, by whom."""
    return retried_visible(result.extra.jobs, context)


COMMAND = Command(
    name="retry",
    arguments=RowArguments,
    role=Role.OPERATOR,
    result=RetryResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
)
