"""Jobs that were retried by their id, tracked until their outcome is known.

A job's id does not survive a failed attempt: the worker releases it by a delete and an insert. So
an id that is gone is no outcome until no later row of that queue has the same payload, and nothing
new has failed with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from bot.queue.layouts import Queue, payload_digest
from bot.store.operations.operations import Operation
from bot.store.tables import failures, tracked_jobs

WAITING, PROCESSED, FAILED_AGAIN = "waiting", "processed", "failed-again"
FAILED_OTHERWISE, NO_LONGER_QUEUED = "failed-otherwise", "no-longer-queued"
STOPPED_FOLLOWING = "stopped-following"

AT_ONCE = 200
"""Jobs looked at in one pass."""
FIRST_CHECK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Retry:
    """A failed job as it was before its retry: what it is tracked by."""

    failed_id: int
    failed_seq: int | None
    queue: str
    payload_digest: str
    error_group: int | None


@dataclass(frozen=True, slots=True)
class TrackedJob:
    """A tracked job and what is known of it; see the table."""

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
    late: bool
    settled_at: datetime | None
    settled_by: str | None
    settled_action: str | None
    outcome_seq: int | None
    next_check_at: datetime | None

    @property
    def is_settled(self) -> bool:
        """Whether it is known what became of it."""
        return self.state != WAITING


_COLUMNS = [tracked_jobs.c[name] for name in TrackedJob.__dataclass_fields__]


def before_retry(
    connection: Connection, queue: Queue, failed_ids: Sequence[int]
) -> dict[int, Retry]:
    """The failed jobs by id, as they are before they move; the caller has them locked."""
    layout, f = queue.failed_layout, failures.c
    digest = payload_digest(queue.failed)
    known = and_(f.failed_id == layout.id, f.removed_at.is_(None), f.payload_digest == digest)
    rows = connection.execute(
        select(layout.id, f.seq, layout.queue, digest, f.error_group)
        .select_from(queue.failed.join(failures, known, isouter=True))
        .where(layout.id.in_(failed_ids))
    )
    return {row[0]: Retry(*row) for row in rows}


def track(
    connection: Connection,
    request_id: str,
    actor: str,
    jobs: Iterable[tuple[Retry, int, str | None, int | str | None]],
    now: datetime,
    operation: int | None = None,
) -> None:
    """Track retried jobs: each with its new id, its class and its order."""
    rows = [
        {
            "request_id": request_id,
            "operation": operation,
            "actor": actor[:64],
            "failed_id": was.failed_id,
            "failed_seq": was.failed_seq,
            "retried_as": job_id,
            "job_id": job_id,
            "highest_id": job_id,
            "queue": was.queue,
            "payload_digest": was.payload_digest,
            "error_group": was.error_group,
            "job_class": _cut(job_class, 191),
            "order_id": _cut(order_id, 64),
            "retried_at": now,
            "state": WAITING,
            "next_check_at": now + FIRST_CHECK,
        }
        for was, job_id, job_class, order_id in jobs
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
    """Track the first jobs of a bulk change, made with ids between these, in its transaction.

    `taken` is the condition for the failures that they were.
    """
    id_, f = queue.jobs_layout.id, failures.c
    made: dict[str, list[int]] = {}
    jobs = select(id_, payload_digest(queue.jobs)).where(id_.between(*job_ids)).order_by(id_)
    for job_id, digest in connection.execute(jobs):
        made.setdefault(digest, []).append(job_id)
    were = connection.execute(
        select(
            f.failed_id, f.seq, f.queue, f.payload_digest, f.error_group, f.job_class, f.order_id
        )
        .where(taken)
        .order_by(f.failed_id)
    )
    canary = [
        (Retry(*row[:5]), made[row.payload_digest].pop(0), row.job_class, row.order_id)
        for row in were
        if made.get(row.payload_digest)
    ]
    track(connection, operation.request_id, operation.actor, canary, now, operation.id)


def of_operation(connection: Connection, operation: int) -> list[TrackedJob]:
    """The canary of a bulk change."""
    chosen = select(*_COLUMNS).where(tracked_jobs.c.operation == operation)
    return [TrackedJob(*row) for row in connection.execute(chosen.order_by(tracked_jobs.c.id))]


def due(connection: Connection, now: datetime, limit: int = AT_ONCE) -> list[TrackedJob]:
    """Jobs whose time to be looked for has come, those that wait longest for it first."""
    c = tracked_jobs.c
    chosen = select(*_COLUMNS).where(c.next_check_at <= now).order_by(c.next_check_at, c.id)
    return [TrackedJob(*row) for row in connection.execute(chosen.limit(limit))]


def of_requests(connection: Connection, request_ids: Iterable[str]) -> list[TrackedJob]:
    """Return the tracked jobs of these requests, in the order of failed ids."""
    c = tracked_jobs.c
    chosen = select(*_COLUMNS).where(c.request_id.in_(list(request_ids)), c.operation.is_(None))
    return [TrackedJob(*row) for row in connection.execute(chosen.order_by(c.failed_id, c.id))]


def check_soon(connection: Connection, request_id: str, now: datetime) -> None:
    """Make the next check of this request's jobs due now, because something was done to them."""
    waiting = and_(tracked_jobs.c.request_id == request_id, tracked_jobs.c.state == WAITING)
    connection.execute(update(tracked_jobs).where(waiting).values(next_check_at=now))


def taken_back(
    connection: Connection, operation: int, job_ids: Sequence[int], by: str, now: datetime
) -> None:
    """Settle those jobs of an operation's canary that an undo removed from the queue."""
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
    """Return the tracked job that the retry of this failure made."""
    row = connection.execute(select(*_COLUMNS).where(tracked_jobs.c.failed_seq == seq)).first()
    return None if row is None else TrackedJob(*row)


def note(connection: Connection, changes: Mapping[TrackedJob, Mapping[str, Any]]) -> None:
    """Write down what was found of each, where its row is still in the state it was read in."""
    alike: dict[tuple[str, tuple[tuple[str, Any], ...]], list[int]] = {}
    for row, found in changes.items():
        alike.setdefault((row.state, tuple(sorted(found.items()))), []).append(row.id)
    for (state, values), ids in alike.items():
        connection.execute(
            update(tracked_jobs)
            .where(tracked_jobs.c.id.in_(ids), tracked_jobs.c.state == state)
            .values(**dict(values))
        )


def changed(row: TrackedJob, values: Mapping[str, Any]) -> TrackedJob:
    """The row with what was found of it."""
    return replace(row, **dict(values))
