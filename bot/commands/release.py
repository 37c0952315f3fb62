"""`/queue release 123`: give jobs back to the queue that a worker holds and does not end."""

from pydantic import Field

from bot.app.command import LARGEST_ID, Command, Effect, Result, Work
from bot.app.targets import RowArguments, lock_jobs, target
from bot.failpoints import reach
from bot.models.jobs import Released, ReleasedCount, ReleasedJob, ReleasedJobs, SkippedRow
from bot.models.refusals import NothingToDo, NotReserved, Refusal, ReservedAgain, ReservedRecently
from bot.models.refusals.skipped import skipped_row
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue.moves import LockedJob
from bot.queue.stuck import release
from bot.store.audit import changes
from bot.views.context import Context
from bot.views.stuck import released, released_visible
from bot.wall_clock import unix, utc_of_unix


class ReleaseArguments(RowArguments):
    """Which jobs; `reserved_at` is what a button's reader saw, in unix seconds.

    With `force` also those that are reserved for less than `QUEUE_BOT_RESERVED_SECONDS`.
    """

    reserved_at: int | None = Field(
        default=None, ge=0, le=LARGEST_ID, json_schema_extra={"internal": True}
    )
    force: bool = Field(default=False, json_schema_extra={"form": "yes"})


class ReleaseResult(Result):
    """One id: its queue and attempts. Several: their count."""

    data: Released | ReleasedCount
    extra: ReleasedJobs


def run(work: Work, args: ReleaseArguments) -> ReleaseResult:
    """Lock, compare with what was seen, set free; the row count decides."""
    rows, skipped = lock_jobs(work, args.ids, args.digest)
    reach("release-locked")
    freed: list[LockedJob] = []
    left: list[SkippedRow] = list(skipped)
    for row in rows:
        refusal = _refusal(work, args, row)
        if refusal is None and row.reserved_at is not None:
            release(work.connection, work.queue, row.id, row.reserved_at)
            freed.append(row)
        elif refusal is not None and len(args.ids) == 1:
            raise refusal
        elif refusal is not None:
            left.append(skipped_row(row.id, refusal))
    if not freed:
        raise NothingToDo(skipped=tuple(left))
    single, first = len(args.ids) == 1, freed[0]
    return ReleaseResult(
        message=f"Job {first.id} released" if single else f"Released {len(freed)} jobs",
        data=Released(queue=first.queue, attempts=first.attempts)
        if single
        else ReleasedCount(released_count=len(freed)),
        extra=ReleasedJobs(
            jobs=tuple(_told(work, row) for row in freed),
            skipped=tuple(left),
            limit_seconds=work.setup.reserved_seconds,
        ),
        targets=tuple(target("job", row) for row in freed),
    )


def _refusal(work: Work, args: ReleaseArguments, row: LockedJob) -> Refusal | None:
    """Why this job stays as it is, or None where it can be released."""
    if row.reserved_at is None:
        doer = changes.last(work.connection, "release", "job", row.id)
        if doer is None:
            return NotReserved(id=str(row.id))
        return NotReserved(id=str(row.id), by=doer.actor, action="release", at=doer.at)
    if args.reserved_at is not None and not same_stay(row.reserved_at, args.reserved_at):
        return ReservedAgain(id=str(row.id), at=utc_of_unix(row.reserved_at))
    if not args.force and _held(work, row) < work.setup.reserved_seconds:
        return ReservedRecently(id=str(row.id), at=utc_of_unix(row.reserved_at))
    return None


def same_stay(now: int, seen: int) -> bool:
    """Whether the job is still reserved as it was when the person saw it.

    A job that another worker took since is not released; the mutant `no_same_stay` proves it.
    """
    return now == seen


def _held(work: Work, row: LockedJob) -> int:
    """For how many seconds a worker has had the job."""
    return 0 if row.reserved_at is None else unix(work.now) - row.reserved_at


def _told(work: Work, row: LockedJob) -> ReleasedJob:
    return ReleasedJob(
        id=row.id,
        queue=row.queue,
        job_class=row.identity.job_class,
        order_id=row.identity.order_id,
        attempts=row.attempts,
        max_attempts=row.max_attempts,
        held_seconds=_held(work, row),
    )


def view(result: ReleaseResult, context: Context) -> Message:
    """What is pending again, and that its old worker may still be at it."""
    return released(result.extra, context)


def visible(result: ReleaseResult, context: Context) -> Message:
    """The same for the channel, by whom."""
    return released_visible(result.extra, context)


COMMAND = Command(
    name="release",
    arguments=ReleaseArguments,
    role=Role.OPERATOR,
    result=ReleaseResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    ids_of="job",
    examples=(
        "release 123",
        "release 123 force=yes",
    ),
)
