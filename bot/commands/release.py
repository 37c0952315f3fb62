"""`/queue release 123`: put stuck jobs back in the queue."""

from pydantic import Field

from bot.app.command import LARGEST_ID, Command, Effect, Result
from bot.app.targets import RowArguments, lock_jobs, target
from bot.app.work import Work
from bot.failpoints import reach
from bot.models.job_changes import Released, ReleasedCount, ReleasedJob, ReleasedJobs, SkippedRow
from bot.models.refusals import NothingToDo, NotReserved, Refusal, ReservedAgain, ReservedRecently
from bot.models.refusals.skipped import skipped_row
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue.moves import LockedJob
from bot.queue.stuck import release
from bot.store.audit import changes
from bot.store.incidents import reservations
from bot.views.context import Context
from bot.views.stuck import released, released_visible
from bot.wall_clock import unix, utc_of_unix


class ReleaseArguments(RowArguments):
    """The ids of the jobs; `reserved_at` is the reservation time (unix seconds) the person saw.

    `force` also releases jobs reserved for less than `QUEUE_BOT_RESERVED_SECONDS`.
    """

    reserved_at: int | None = Field(
        default=None, ge=0, le=LARGEST_ID, json_schema_extra={"internal": True}
    )


class ReleaseResult(Result):
    """The queue and attempts of one released job, or the count of several released jobs."""

    data: Released | ReleasedCount
    extra: ReleasedJobs


def run(work: Work, args: ReleaseArguments) -> ReleaseResult:
    """Lock and release the jobs; a job that changed since the person saw it is refused.

    `release` raises `LostRace` if the statement does not change exactly one row.
    """
    rows, skipped = lock_jobs(work, args.ids, args.digest)
    reach("release-locked")
    released_jobs: list[LockedJob] = []
    skipped_rows: list[SkippedRow] = list(skipped)
    for row in rows:
        refusal = _refusal(work, args, row)
        if refusal is None and row.reserved_at is not None:
            release(work.connection, work.queue, row.id, row.reserved_at, row.attempts)
            reservations.forget(work.connection, row.id)
            released_jobs.append(row)
        elif refusal is not None and len(args.ids) == 1:
            raise refusal
        elif refusal is not None:
            skipped_rows.append(skipped_row(row.id, refusal))
    if not released_jobs:
        raise NothingToDo(skipped=tuple(skipped_rows))
    single, first = len(args.ids) == 1, released_jobs[0]
    return ReleaseResult(
        message=f"Job {first.id} released" if single else f"Released {len(released_jobs)} jobs",
        data=Released(queue=first.queue, attempts=first.attempts)
        if single
        else ReleasedCount(released_count=len(released_jobs)),
        extra=ReleasedJobs(
            jobs=tuple(_released_job(work, row) for row in released_jobs),
            skipped=tuple(skipped_rows),
            limit_seconds=work.setup.reserved_seconds,
        ),
        targets=tuple(target("job", row) for row in released_jobs),
    )


def _refusal(work: Work, args: ReleaseArguments, row: LockedJob) -> Refusal | None:
    """Return the reason why the job cannot be released, or None if it can be released."""
    if row.reserved_at is None:
        last = changes.last(work.connection, "release", "job", row.id)
        if last is None:
            return NotReserved(id=str(row.id))
        return NotReserved(id=str(row.id), by=last.actor, action="release", at=last.at)
    if args.reserved_at is not None and not same_stay(row.reserved_at, args.reserved_at):
        return ReservedAgain(id=str(row.id), at=utc_of_unix(row.reserved_at))
    if not args.force and _held(work, row) < work.setup.reserved_seconds:
        return ReservedRecently(id=str(row.id), at=utc_of_unix(row.reserved_at))
    return None


def same_stay(current: int, expected: int) -> bool:
    """Return whether the job still has the reservation that the person saw.

    If another worker has reserved the job since then, the job is not released. The crash tests
    must fail without this check (mutant `no_check_of_the_reservation`).
    """
    return current == expected


def _held(work: Work, row: LockedJob) -> int:
    """Return the seconds since a worker reserved the job; 0 if the job is not reserved."""
    return 0 if row.reserved_at is None else unix(work.now) - row.reserved_at


def _released_job(work: Work, row: LockedJob) -> ReleasedJob:
    return ReleasedJob(
        id=row.id,
        queue=row.queue,
        job_class=row.identity.job_class,
        order_id=row.identity.order_id,
        subjects=dict(row.identity.subjects),
        attempts=row.attempts,
        max_attempts=row.max_attempts,
        held_seconds=_held(work, row),
    )


def view(result: ReleaseResult, context: Context) -> Message:
    """Show the released jobs, and warn that the old worker may still run them."""
    return released(result.extra, context)


def visible(result: ReleaseResult, context: Context) -> Message:
    """Show the channel the released jobs and who released them."""
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
