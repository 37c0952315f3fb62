"""Tracked jobs: jobs that were retried by id, until their outcome is known.

A failed attempt changes a job's id, because the worker releases the job by a delete and an insert.
So a missing id proves an outcome only if no later row of the queue and no new failure has the job's
payload.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from bot.queue.layouts import Queue
from bot.queue.layouts.rows import as_text
from bot.store.operations.operations import Operation
from bot.store.tables import failures, tracked_jobs

WAITING, PROCESSED, FAILED_AGAIN = "waiting", "processed", "failed-again"
FAILED_OTHERWISE, NO_LONGER_QUEUED = "failed-otherwise", "no-longer-queued"
STOPPED_FOLLOWING = "stopped-following"

AT_ONCE = 200
"""One pass checks at most this many jobs."""
FIRST_CHECK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Retry:
    """A failed job before its retry, with the values that are needed for tracking."""

    failed_id: int
    failed_seq: int | None
    queue: str
    payload_digest: str
    error_group: int | None


@dataclass(frozen=True, slots=True)
class TrackedJob:
    """A row of the table of tracked jobs; the table's definition explains the columns."""

    id: int
    request_id: str
    operation: int | None
    actor: str
    failed_id: int
    failed_seq: int | None
    retried_as: int
    job_id: int
    highest_id: int
    queue: str
    payload_digest: str
    error_group: int | None
    job_class: str | None
    order_id: str | None
    retried_at: datetime
    state: str
    missing_since: datetime | None
    started: bool
    late: bool
    settled_at: datetime | None
    settled_by: str | None
    settled_action: str | None
    outcome_seq: int | None
    next_check_at: datetime | None

    @property
    def is_settled(self) -> bool:
        """Whether the outcome is known."""
        return self.state != WAITING


_COLUMNS = [tracked_jobs.c[name] for name in TrackedJob.__dataclass_fields__]


def before_retry(
    connection: Connection, queue: Queue, failed_ids: Sequence[int]
) -> dict[int, Retry]:
    """Return the failed jobs by id before their retry; the caller has locked their rows."""
    layout, f = queue.failed_layout, failures.c
    digest = layout.payload_digest()
    is_original = and_(f.failed_id == layout.id, f.removed_at.is_(None), f.payload_digest == digest)
    rows = connection.execute(
        select(layout.id, f.seq, layout.queue, digest, f.error_group)
        .select_from(queue.failed.join(failures, is_original, isouter=True))
        .where(layout.id.in_(failed_ids))
    )
    return {
        row[0]: Retry(row[0], row[1], queue.mask(as_text(row[2])), row[3], row[4]) for row in rows
    }


def track(
    connection: Connection,
    request_id: str,
    actor: str,
    jobs: Iterable[tuple[Retry, int, str | None, int | str | None]],
    now: datetime,
    operation: int | None = None,
) -> None:
    """Track retried jobs; `jobs` has each job with its new id, its class and its order."""
    rows = [
        {
            "request_id": request_id,
            "operation": operation,
            "actor": actor[:64],
            "failed_id": retry.failed_id,
            "failed_seq": retry.failed_seq,
            "retried_as": job_id,
            "job_id": job_id,
            "highest_id": job_id,
            "queue": retry.queue,
            "payload_digest": retry.payload_digest,
            "error_group": retry.error_group,
            "job_class": _cut(job_class, 191),
            "order_id": _cut(order_id, 64),
            "retried_at": now,
            "state": WAITING,
            "next_check_at": now + FIRST_CHECK,
        }
        for retry, job_id, job_class, order_id in jobs
    ]
    if rows:
        connection.execute(insert(tracked_jobs), rows)


def _cut(value: object, length: int) -> str | None:
    return None if value is None else str(value)[:length]


def track_canary(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    taken: ColumnElement[bool],
    job_ids: tuple[int, int],
    now: datetime,
) -> None:
    """Track a bulk change's canary in the batch's transaction; its jobs have ids in `job_ids`.

    `taken` is the condition for the failures that the canary retried.
    """
    layout, f = queue.jobs_layout, failures.c
    ids_by_digest: dict[str, list[int]] = {}
    jobs = select(layout.id, layout.payload_digest()).where(layout.id.between(*job_ids))
    for job_id, digest in connection.execute(jobs.order_by(layout.id)):
        ids_by_digest.setdefault(digest, []).append(job_id)
    retried_failures = connection.execute(
        select(
            f.failed_id, f.seq, f.queue, f.payload_digest, f.error_group, f.job_class, f.order_id
        )
        .where(taken)
        .order_by(f.failed_id)
    )
    canary = [
        (Retry(*row[:5]), ids_by_digest[row.payload_digest].pop(0), row.job_class, row.order_id)
        for row in retried_failures
        if ids_by_digest.get(row.payload_digest)
    ]
    track(connection, operation.request_id, operation.actor, canary, now, operation.id)


def of_operation(connection: Connection, operation: int) -> list[TrackedJob]:
    """Return the tracked jobs of a bulk change's canary."""
    query = select(*_COLUMNS).where(tracked_jobs.c.operation == operation)
    return [TrackedJob(*row) for row in connection.execute(query.order_by(tracked_jobs.c.id))]


def due(connection: Connection, now: datetime, limit: int = AT_ONCE) -> list[TrackedJob]:
    """Return the jobs that are due for a check; the earliest due time is first."""
    c = tracked_jobs.c
    query = select(*_COLUMNS).where(c.next_check_at <= now).order_by(c.next_check_at, c.id)
    return [TrackedJob(*row) for row in connection.execute(query.limit(limit))]


def of_requests(connection: Connection, request_ids: Iterable[str]) -> list[TrackedJob]:
    """Return the tracked jobs of these requests, ordered by failed job id."""
    c = tracked_jobs.c
    query = select(*_COLUMNS).where(c.request_id.in_(list(request_ids)), c.operation.is_(None))
    return [TrackedJob(*row) for row in connection.execute(query.order_by(c.failed_id, c.id))]


def check_soon(connection: Connection, request_id: str, now: datetime) -> None:
    """Make the check of this request's jobs due now, because a command changed these jobs."""
    waiting = and_(tracked_jobs.c.request_id == request_id, tracked_jobs.c.state == WAITING)
    connection.execute(update(tracked_jobs).where(waiting).values(next_check_at=now))


def taken_back(
    connection: Connection, operation: int, job_ids: Sequence[int], by: str, now: datetime
) -> None:
    """Store the outcome of canary jobs that an undo removed from the queue."""
    mine = and_(tracked_jobs.c.operation == operation, tracked_jobs.c.job_id.in_(job_ids))
    connection.execute(
        update(tracked_jobs)
        .where(mine, tracked_jobs.c.state == WAITING)
        .values(
            state=NO_LONGER_QUEUED,
            settled_at=now,
            settled_by=by[:64],
            settled_action="undo",
            next_check_at=None,
        )
    )


def of_failure(connection: Connection, seq: int) -> TrackedJob | None:
    """Return the tracked job that the retry of this failure created."""
    row = connection.execute(select(*_COLUMNS).where(tracked_jobs.c.failed_seq == seq)).first()
    return None if row is None else TrackedJob(*row)


def note(connection: Connection, changes: Mapping[TrackedJob, Mapping[str, Any]]) -> None:
    """Store the new values of each job; skip a job whose stored state changed since the read."""
    by_change: dict[tuple[str, tuple[tuple[str, Any], ...]], list[int]] = {}
    for row, change in changes.items():
        by_change.setdefault((row.state, tuple(sorted(change.items()))), []).append(row.id)
    for (state, values), ids in by_change.items():
        connection.execute(
            update(tracked_jobs)
            .where(tracked_jobs.c.id.in_(ids), tracked_jobs.c.state == state)
            .values(**dict(values))
        )


def changed(row: TrackedJob, values: Mapping[str, Any]) -> TrackedJob:
    """Return the tracked job with its new values."""
    return replace(row, **dict(values))
