"""`/queue retry 45`, `/queue retry error=E12`: move failed jobs back to the queue.

Up to 20 failed jobs are moved at once by id. For more ids or a filter, the failed jobs are moved in
batches after a preview.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pydantic import Field

from bot.app.argument_types import MAX_IDS, IncidentId, ManyIds
from bot.app.bulk_limits import check_parallel, check_recent
from bot.app.command import Command, Effect, Result
from bot.app.filters import FilterArguments, RateArguments, is_filtered, scope_of
from bot.app.incident_scope import incident_of, limited_to, with_older
from bot.app.plans import BulkExtra, BulkOptions, BulkOutcome, preview_or_start
from bot.app.subjects import written_names
from bot.app.targets import (
    archived_as,
    batches_of,
    change_each,
    children_unless,
    lock_failed,
    target,
)
from bot.app.work import Work
from bot.failpoints import reach
from bot.models.actions import Action
from bot.models.job_changes import Retried, RetriedCount, RetriedJob, SkippedRow
from bot.models.operations import Progress
from bot.models.refusals import Invalid
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.models.subjects import USUAL
from bot.models.value import Value
from bot.queue import moves
from bot.queue.layouts.rows import failed_at_text
from bot.queue.moves import LockedFailed
from bot.store import archive
from bot.store.failures import removal
from bot.store.operations.retries import tracked_jobs
from bot.views.changes import retried, retried_visible
from bot.views.context import Context
from bot.views.operations.progress import bulk_answer, progress_message

USAGE = "retry ID… | incident=I12 | error=E12 | queue=NAME | order=ORDER"


ACTION = Action("retry", counts_as="retried", removes="failed", undo_by_id=True, undo_in_bulk=True)


class RetryArguments(FilterArguments, RateArguments):
    """The failed jobs, by id or filter; `digest` is the row digest from a button.

    `force`: with ids, also retry failed jobs that rows of another table reference. `incident`
    limits the retry to the incident's own failures.
    """

    ids: ManyIds | None = Field(default=None, json_schema_extra={"positional": "ID…"})
    digest: str | None = Field(default=None, max_length=32, json_schema_extra={"internal": True})
    force: bool = Field(default=False, json_schema_extra={"form": "yes"})
    incident: IncidentId | None = Field(default=None, json_schema_extra={"form": "I12"})

    @property
    def has_filter(self) -> bool:
        """Whether the arguments have a filter other than ids."""
        return self.incident is not None or is_filtered(self)

    @property
    def at_once(self) -> bool:
        """Whether the arguments contain only a few ids, so that no preview is needed."""
        few = self.ids is not None and len(self.ids) <= MAX_IDS
        has_options = self.has_filter or self.plan is not None or self.rate or self.canary
        return few and not has_options


class RetryExtra(Value):
    """The retried jobs with their new ids, and the skipped ids."""

    jobs: tuple[RetriedJob, ...]
    skipped: tuple[SkippedRow, ...]


class RetryResult(Result):
    """For one id, the answer is as in the spec; for several ids, it is the count."""

    data: Retried | RetriedCount
    extra: RetryExtra | BulkExtra


def run(work: Work, args: RetryArguments) -> RetryResult:
    """Move a few failed jobs now; for any other retry, return a preview or start its plan."""
    if args.ids is None and args.plan is None and not args.has_filter:
        command = work.setup.commands[ACTION.name]
        raise Invalid(
            problem="retry-what",
            field="",
            value="",
            expected=written_names(command),
            usage=USAGE if set(work.queue.subject_names) == USUAL else command.usage(),
        )
    if args.ids is not None and args.at_once:
        return _now(work, args.ids, args.digest, force=args.force)
    started = _in_bulk(work, args, BulkOptions(rate=args.rate, canary=args.canary))
    return RetryResult(
        message=started.sentence("Retrying", "Retried"),
        data=RetriedCount(retried_count=0),
        extra=started.extra,
        outcome=started.outcome,
        recorded=started.recorded,
    )


def _in_bulk(work: Work, args: RetryArguments, options: BulkOptions) -> BulkOutcome:
    """Preview the scope, or start the plan.

    The preview of an incident also offers the older failures of its error group.
    """
    scope = scope_of(work, args, args.ids)
    if args.incident is None:
        return preview_or_start(work, ACTION, args, scope, options)
    incident = incident_of(work, args.incident)
    started = preview_or_start(work, ACTION, args, limited_to(work, scope, incident), options)
    if started.extra.preview is None:
        return started
    shown = with_older(work, ACTION, started.extra.preview, incident, options)
    return replace(started, extra=BulkExtra(preview=shown))


def _now(work: Work, ids: Sequence[int], digest: str | None, *, force: bool) -> RetryResult:
    """Lock the rows, check their digests, archive and move the rows; check the row counts."""
    rows, skipped = lock_failed(work, ids, digest)
    check_recent(work, len(rows))
    before = tracked_jobs.before_retry(work.connection, work.queue, [row.id for row in rows])
    reach("retry-locked")
    children = children_unless(work, work.queue.failed, force=force)
    changed, refused = change_each(work, rows, partial(_move, work), children)
    batches = batches_of(work, [row for row, _ in changed])
    changed = [(row, job.model_copy(update={"batch": batches.get(row.id)})) for row, job in changed]
    moved = [job for _, job in changed]
    actor = work.invocation.actor.user
    tracked_jobs.track(
        work.connection,
        work.invocation.request_id,
        actor,
        [(before[job.failed_id], job.job_id, job.job_class, job.order_id) for job in moved],
        work.now,
    )
    removal.mark_removed_by(
        work.connection, [row.id for row, _ in changed], actor, ACTION, work.now
    )
    check_parallel(work, len(moved))
    first = moved[0]
    single = len(ids) == 1
    return RetryResult(
        message=f"Job {first.failed_id} moved back to queue for retry"
        if single
        else f"Retried {len(moved)} failed jobs",
        data=Retried(queue=first.queue, failed_at=first.failed_at)
        if single
        else RetriedCount(retried_count=len(moved)),
        extra=RetryExtra(jobs=tuple(moved), skipped=skipped + refused),
        targets=tuple(
            target("failed", row).model_copy(update={"job_id": job.job_id}) for row, job in changed
        ),
    )


def _move(work: Work, row: LockedFailed) -> RetriedJob:
    """Archive one locked row and move it back to its queue."""
    this = work.queue.failed_layout.id == row.id
    archive.keep_failed(work.connection, work.queue, this, archived_as(work, ACTION))
    reach("retry-archived")
    moved = moves.retry(work.connection, work.queue, row.id, work.now)
    reach("retry-moved")
    return RetriedJob(
        failed_id=row.id,
        job_id=moved.id,
        queue=row.queue,
        failed_at=failed_at_text(row.failed_at),
        job_class=row.identity.job_class,
        order_id=row.identity.order_id,
        subjects=dict(row.identity.subjects),
        edited=dict(moved.edited),
    )


def view(result: RetryResult, context: Context) -> Message | Modal:
    """Show the retried jobs and the skipped ids with reasons, or the preview of a bulk retry."""
    if isinstance(result.extra, BulkExtra):
        return bulk_answer(ACTION.name, result.extra.preview, result.extra.progress, context)
    return retried(result.extra.jobs, result.extra.skipped, context)


def visible(result: RetryResult, context: Context) -> Message | None:
    """Show the channel the retried jobs and who retried them, or a bulk retry's progress."""
    if isinstance(result.extra, BulkExtra):
        progress = result.extra.progress
        return None if progress is None else progress_message(progress, context)
    return retried_visible(result.extra.jobs, context)


def finished(progress: Progress) -> RetryResult:
    """Return the answer after the last batch."""
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
        "retry incident=I12",
        "retry queue=netsuite rate=60/min canary=3",
    ),
)
