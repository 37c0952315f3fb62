"""Rows, plans and audit records for the samples."""

from bot.models.audit import AuditLine, Target
from bot.models.job_changes import DeletedRow, RetriedJob, SkippedRow
from bot.models.jobs import FailedJob, FailedJobList, Job, JobFilters, JobList, Listed
from bot.models.operations import Preview, Progress, Scope, Share
from bot.models.queue_jobs import QueueJobs
from bot.views import lists
from bot.views.context import Context
from tests.views.words import DIGEST, NOW, PLAIN, RESERVED_AT, Shown, Words, utc


def failed_job(id_: int, w: Words = PLAIN) -> FailedJob:
    """Return a row of failed_jobs."""
    return FailedJob(
        id=id_,
        queue=w.queue,
        job_class=w.job_class,
        order_id=w.order,
        tienda_id=w.tienda,
        exception_short=w.error,
        failed_at=w.time,
    )


def job(id_: int, w: Words = PLAIN, **changed: object) -> Job:
    """Return a row of jobs, pending unless changed."""
    values: dict[str, object] = {
        "id": id_,
        "queue": w.queue,
        "attempts": 0,
        "max_attempts": 3,
        "job_class": w.job_class,
        "order_id": w.order,
        "tienda_id": w.tienda,
        "created_at_human": w.time,
        "available_at_human": w.time,
        "reserved_at_human": None,
        "age_seconds": 245,
    }
    return Job.model_validate(values | changed)


def mixed_jobs(w: Words = PLAIN) -> tuple[Job, ...]:
    """Return a pending, a delayed, a reserved and a stuck job."""
    return (
        job(126, w, order_id=None, job_class=None),
        job(125, w, available_at_human="2025-11-07 20:00:00"),
        job(124, w, reserved_at_human="2025-11-07 19:29:00", attempts=1),
        job(123, w, reserved_at_human="2025-11-07 17:50:00", attempts=2),
    )


def job_list(
    jobs: tuple[Job, ...],
    ctx: Context,
    limit: int = 50,
    queue: str | None = None,
    *,
    in_part: bool = False,
    whole: bool = False,
) -> Shown:
    """Return the view of `/queue jobs` with these rows."""
    given: dict[str, str | int] = {"limit": limit, "status": "all", "sort": "newest"}
    if queue is not None:
        given["queue"] = queue
    filters = JobFilters(queue=queue, status="all", limit=limit)
    digests = dict.fromkeys((row.id for row in jobs), DIGEST)
    listed = Listed(
        row_digests=digests,
        arguments=given,
        partial=in_part,
        whole=whole,
        reserved_at=dict.fromkeys(digests, RESERVED_AT),
    )
    return lists.job_list(JobList(jobs=jobs, count=len(jobs), filters=filters), listed, ctx)


def failed_list(
    rows: tuple[FailedJob, ...],
    ctx: Context,
    limit: int = 50,
    queue: str | None = None,
    *,
    whole: bool = False,
) -> Shown:
    """Return the view of `/queue failed` with these rows."""
    given: dict[str, str | int] = {"limit": limit}
    if queue is not None:
        given["queue"] = queue
    digests = dict.fromkeys((row.id for row in rows), DIGEST)
    listed = Listed(row_digests=digests, arguments=given, whole=whole)
    return lists.failed_list(FailedJobList(failed_jobs=rows, count=len(rows)), listed, ctx)


def queue_jobs(w: Words = PLAIN, oldest_seconds: int | None = 120) -> tuple[QueueJobs, ...]:
    """Two queues, one of which has only a delayed job and a reserved one."""
    mail = w.queue + "-mail"
    return (
        QueueJobs(
            queue=w.queue, pending=1_234, reserved=1, delayed=34, oldest_seconds=oldest_seconds
        ),
        QueueJobs(queue=mail, pending=1, reserved=1, delayed=1, oldest_seconds=None),
    )


def preview(w: Words = PLAIN, **changed: object) -> Preview:
    """Return the preview of a frozen scope of five failed jobs."""
    values: dict[str, object] = {
        "plan": 7,
        "action": "retry-all",
        "scope": Scope(),
        "total": 5,
        "bytes": 12_345,
        "queues": (Share(name=w.queue, count=5),),
        "error_groups": (Share(name=w.group, count=4), Share(name=w.error, count=1)),
        "other_groups": 0,
        "oldest": utc(2025, 11, 7, 17, 45, 59),
        "newest": utc(2025, 11, 7, 19, 1, 2),
    }
    return Preview.model_validate(values | changed)


def progress(w: Words = PLAIN, **changed: object) -> Progress:
    """Return the progress of an operation that is half done."""
    values: dict[str, object] = {
        "operation": 7,
        "action": "retry-all",
        "state": "running",
        "total": 2000,
        "done": 1000,
        "skipped": 0,
        "actor": w.person,
        "seconds": 3,
    }
    return Progress.model_validate(values | changed)


def audit_line(w: Words = PLAIN, **changed: object) -> AuditLine:
    """Return the audit record of a successful retry."""
    target = Target(kind="failed", id=45, queue=w.queue, row_digest=DIGEST, order_id=w.order)
    values: dict[str, object] = {
        "at": NOW,
        "actor": w.person,
        "action": "retry",
        "outcome": "ok",
        "source": "slash",
        "role": "operator",
        "targets": (target,),
        "channel": w.channel,
        "message_ts": None,
        "reason": None,
        "answer": "Job 45 moved back to queue for retry",
        "arguments": w.arguments,
        "seq": 12,
        "hash": w.hash,
    }
    return AuditLine.model_validate(values | changed)


def denied_line(w: Words = PLAIN, **changed: object) -> AuditLine:
    """Return the audit record of a denied click."""
    values = {
        "outcome": "denied",
        "reason": w.reason,
        "targets": (),
        "answer": w.answer,
        "role": "viewer",
    }
    return audit_line(w, **(values | changed))


def retried_jobs(w: Words = PLAIN, count: int = 1) -> tuple[RetriedJob, ...]:
    """Return failed jobs that are back in the queue."""
    return tuple(
        RetriedJob(
            failed_id=45 + n,
            job_id=901 + n,
            queue=w.queue,
            failed_at=w.time,
            job_class=w.job_class,
            order_id=w.order,
            edited=EDITED[n % 3],
        )
        for n in range(count)
    )


def deleted_rows(w: Words = PLAIN, count: int = 1, **changed: object) -> tuple[DeletedRow, ...]:
    """Return deleted rows."""
    return tuple(
        DeletedRow.model_validate(
            {
                "id": 123 + n,
                "queue": w.queue,
                "job_class": w.job_class,
                "order_id": w.order,
                **changed,
            }
        )
        for n in range(count)
    )


def skipped_rows(w: Words = PLAIN) -> tuple[SkippedRow, ...]:
    """Return one skipped row for each reason."""
    return (
        SkippedRow(id=50, code="failed-job-not-found"),
        SkippedRow(id=51, code="failed-job-not-found", by=w.person, action="retry-all", at=NOW),
        SkippedRow(id=52, code="job-not-found", by=w.terminal_name, action="delete", at=NOW),
        SkippedRow(id=53, code="changed"),
        SkippedRow(id=54, code="wrong-queue"),
    )


EDITED: tuple[dict[str, int | None], ...] = (
    {},
    {"retryUntil": None, "attempts": 0},
    {"retryUntil": 1},
)
