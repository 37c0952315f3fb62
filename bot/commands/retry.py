"""`/queue retry 45`, `/queue retry error=E12`: move failed jobs back to the queue.

Up to 20 ids at once and at once; more, or those that a filter finds, in batches after a preview.
"""

from collections.abc import Sequence

from pydantic import Field

from bot.app.command import Command, Effect, Result, Work
from bot.app.filters import FilterArguments, RateArguments, is_filtered, scope_of
from bot.app.parsing import MAX_IDS, ManyIds
from bot.app.plans import BulkExtra, BulkOptions, preview_or_start
from bot.app.targets import archived_as, lock_failed, target
from bot.failpoints import reach
from bot.models.actions import Action
from bot.models.jobs import Retried, RetriedCount, RetriedJob, SkippedRow, Value
from bot.models.operations import Progress
from bot.models.refusals import Invalid
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.queue import moves
from bot.queue.layouts.rows import failed_at_text
from bot.store import archive
from bot.store.failures import removal
from bot.store.operations.retries import tracked_jobs
from bot.views.changes import retried, retried_visible
from bot.views.context import Context
from bot.views.operations.progress import bulk_answer, progress_message

USAGE = "/queue retry ID… | error=E12 | queue=NAME | order=ORDER"


ACTION = Action("retry", counts_as="retried", removes="failed", undo_by_id=True, undo_in_bulk=True)


class RetryArguments(FilterArguments, RateArguments):
    """Which failed jobs, by id or by what they have in common; `digest` is of a button's row."""

    ids: ManyIds | None = Field(default=None, json_schema_extra={"positional": "ID…"})
    digest: str | None = Field(default=None, max_length=32, json_schema_extra={"internal": True})

    @property
    def at_once(self) -> bool:
        """Whether a few ids are all that was given: those are moved without a preview."""
        few = self.ids is not None and len(self.ids) <= MAX_IDS
        chosen = is_filtered(self) or self.plan is not None or self.rate or self.canary
        return few and not chosen


class RetryExtra(Value):
    """The jobs under their new ids, and the ids that were left alone."""

    jobs: tuple[RetriedJob, ...]
    skipped: tuple[SkippedRow, ...]


class RetryResult(Result):
    """One id: the spec's answer. Several: their count."""

    data: Retried | RetriedCount
    extra: RetryExtra | BulkExtra


def run(work: Work, args: RetryArguments) -> RetryResult:
    """A few ids are moved now, everything else is previewed first."""
    if args.ids is None and args.plan is None and not is_filtered(args):
        raise Invalid(problem="retry-what", field="", value="", expected="", usage=USAGE)
    if args.ids is not None and args.at_once:
        return _now(work, args.ids, args.digest)
    way = BulkOptions(rate=args.rate, canary=args.canary)
    said = preview_or_start(work, ACTION, args, scope_of(work, args, args.ids), way)
    return RetryResult(
        message=said.sentence("Retrying", "Retried"),
        data=RetriedCount(retried_count=0),
        extra=said.extra,
        outcome=said.outcome,
        recorded=said.recorded,
    )


def _now(work: Work, ids: Sequence[int], digest: str | None) -> RetryResult:
    """Lock, compare with what was seen, archive, move; the row count decides."""
    rows, skipped = lock_failed(work, ids, digest)
    before = tracked_jobs.before_retry(work.connection, work.queue, [row.id for row in rows])
    reach("retry-locked")
    moved = []
    for row in rows:
        archive.keep_failed(
            work.connection,
            work.queue,
            work.queue.failed_layout.id == row.id,
            archived_as(work, ACTION),
        )
        reach("retry-archived")
        job_id = moves.retry(work.connection, work.queue, row.id, work.now)
        reach("retry-moved")
        moved.append(
            RetriedJob(
                failed_id=row.id,
                job_id=job_id,
                queue=row.queue,
                failed_at=failed_at_text(row.failed_at),
                job_class=row.identity.job_class,
                order_id=row.identity.order_id,
            )
        )
    actor = work.invocation.actor.user
    tracked_jobs.track(
        work.connection,
        work.invocation.request_id,
        actor,
        [(before[job.failed_id], job.job_id, job.job_class, job.order_id) for job in moved],
        work.now,
    )
    removal.mark_removed_by(work.connection, [row.id for row in rows], actor, ACTION, work.now)
    first = moved[0]
    single = len(ids) == 1
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


def view(result: RetryResult, context: Context) -> Message | Modal:
    """What went back to the queue and what was skipped and why; of many, the preview first."""
    if isinstance(result.extra, BulkExtra):
        return bulk_answer(ACTION.name, result.extra.preview, result.extra.progress, context)
    return retried(result.extra.jobs, result.extra.skipped, context)


def visible(result: RetryResult, context: Context) -> Message | None:
    """The same for the channel, by whom; of many, the progress."""
    if isinstance(result.extra, BulkExtra):
        progress = result.extra.progress
        return None if progress is None else progress_message(progress, context)
    return retried_visible(result.extra.jobs, context)


def finished(progress: Progress) -> RetryResult:
    """The answer when the batches have run."""
    return RetryResult(
        message=f"Retried {progress.done} failed jobs",
        data=RetriedCount(retried_count=progress.done),
        extra=BulkExtra(progress=progress),
    )


COMMAND = Command(
    name=ACTION.name,
    arguments=RetryArguments,
    role=Role.OPERATOR,
    result=RetryResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.BULK,
    finished=finished,
    action=ACTION,
    examples=(
        "retry 45 46 50-60",
        "retry error=E12",
        "retry queue=netsuite rate=60/min canary=3",
    ),
)
