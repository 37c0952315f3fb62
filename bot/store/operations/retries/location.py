"""Where tracked jobs are now: under their id, under a later one, taken out, or failed again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.database.transactions import TooSlow, bounded
from bot.queue.layouts import Queue, payload_digest
from bot.store.operations.retries.tracked_jobs import WAITING, TrackedJob
from bot.store.tables import archive, audit, failures, tracked_jobs

SCANNED = 5_000
"""The newest rows of a queue that are searched for a released job: 20 ms at 400 B of payload."""
SCAN_SECONDS = 0.5
UNCOMMITTED = 100
"""So many ids below the highest may still be on their way: id order is not commit order."""
FAILURES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class RemovedBy:
    """Who removed a job from `jobs` with the bot, and by which action."""

    actor: str | None
    action: str


@dataclass(frozen=True, slots=True)
class Refailure:
    """A new failure with the payload of a tracked job."""

    seq: int
    failed_id: int
    queue: str
    payload_digest: str
    error_group: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class JobLocation:
    """What one look found: the job's id now (None: gone), or who took it.

    `complete` is False where not every row that it may have become could be looked at.
    """

    job_id: int | None
    taken: RemovedBy | None = None
    complete: bool = True


def highest_id(connection: Connection, queue: Queue) -> int:
    """The highest id of `jobs`; 0 where there is none."""
    return int(connection.execute(select(func.max(queue.jobs_layout.id))).scalar() or 0)


def look(
    connection: Connection, queue: Queue, rows: Sequence[TrackedJob]
) -> dict[int, JobLocation]:
    """Where each of the tracked jobs is now, by the id of its row here."""
    there = _there(connection, queue, rows)
    found = {row.id: JobLocation(row.job_id) for row in rows if row.id in there}
    missing = [row for row in rows if row.id not in found]
    taken = _taken(connection, missing)
    found |= {id_: JobLocation(None, who) for id_, who in taken.items()}
    for name in sorted({row.queue for row in missing}):
        left = [row for row in missing if row.queue == name and row.id not in found]
        if left:
            found |= _moved(connection, queue, name, left)
    return found


def _there(connection: Connection, queue: Queue, rows: Sequence[TrackedJob]) -> set[int]:
    """Which of them still have the id that they had."""
    layout = queue.jobs_layout
    wanted = [row.job_id for row in rows]
    found = {
        job_id: (name, digest)
        for job_id, name, digest in connection.execute(
            select(layout.id, layout.queue, payload_digest(queue.jobs)).where(layout.id.in_(wanted))
        )
    }
    return {row.id for row in rows if found.get(row.job_id) == (row.queue, row.payload_digest)}


def _taken(connection: Connection, rows: Sequence[TrackedJob]) -> dict[int, RemovedBy]:
    """Which of them the bot itself took out of `jobs`, as archive and audit know."""
    if not rows:
        return {}
    a = archive.c
    kept = connection.execute(
        select(a.row_id, a.archived_at, a.action, audit.c.actor)
        .select_from(archive.join(audit, audit.c.request_id == a.request_id, isouter=True))
        .where(a.kind == "job", a.row_id.in_([row.job_id for row in rows]))
        .where(a.restored_at.is_(None))
        .order_by(a.id)
    ).all()
    return {
        row.id: RemovedBy(actor, action)
        for row in rows
        for job_id, at, action, actor in kept
        if job_id == row.job_id and at >= row.retried_at
    }


def _moved(
    connection: Connection, queue: Queue, name: str, rows: Sequence[TrackedJob]
) -> dict[int, JobLocation]:
    """Which of the queue's later rows they became, each row for one of them at most.

    Where there are two of a payload, nobody can tell which is which; each is found once.
    """
    layout = queue.jobs_layout
    floors = {row.id: max(row.job_id, row.highest_id - UNCOMMITTED) for row in rows}
    newest = (
        select(layout.id.label("id"))
        .where(layout.queue == name, layout.id > min(floors.values()))
        .order_by(layout.id.desc())
        .limit(SCANNED)
    ).subquery()
    digest = payload_digest(queue.jobs)
    wanted = {row.payload_digest for row in rows}
    jobs = select(layout.id, digest).join(newest, newest.c.id == layout.id)
    scan = jobs.where(digest.in_(wanted))
    try:
        count, lowest = connection.execute(select(func.count(), func.min(newest.c.id))).one()
        hits = bounded(connection, scan.order_by(layout.id), SCAN_SECONDS).all()
    except TooSlow:
        return {row.id: JobLocation(None, complete=False) for row in rows}
    free = _not_held(connection, dict(hits))
    found: dict[int, JobLocation] = {}
    for row in sorted(rows, key=lambda row: (row.retried_at, row.id)):
        reached = count < SCANNED or lowest <= floors[row.id] + 1
        mine = (id_ for id_ in free if id_ > floors[row.id] and free[id_] == row.payload_digest)
        job_id = min(mine, default=None)
        if job_id is not None:
            del free[job_id]
        found[row.id] = JobLocation(job_id, complete=reached)
    return found


def _not_held(connection: Connection, hits: Mapping[int, str]) -> dict[int, str]:
    """Those rows of `jobs` that are not already tracked as another job."""
    if not hits:
        return {}
    held = connection.execute(
        select(tracked_jobs.c.job_id).where(
            tracked_jobs.c.job_id.in_(hits), tracked_jobs.c.state == WAITING
        )
    ).scalars()
    taken = set(held)
    return {job_id: digest for job_id, digest in hits.items() if job_id not in taken}


def failed_again(connection: Connection, rows: Sequence[TrackedJob]) -> dict[int, Refailure]:
    """The new failures of these jobs, one for each at most and each for one job only.

    New is what was seen after the retry, and is not the failed job itself, put back by an undo.
    """
    if not rows:
        return {}
    f = failures.c
    known = select(tracked_jobs.c.id).where(tracked_jobs.c.outcome_seq == f.seq).exists()
    free = [
        Refailure(*found)
        for found in connection.execute(
            select(f.seq, f.failed_id, f.queue, f.payload_digest, f.error_group, f.seen_at)
            .where(
                f.payload_digest.in_({row.payload_digest for row in rows}),
                f.seq > min(row.failed_seq or 0 for row in rows),
                f.seen_at >= min(row.retried_at for row in rows),
                ~known,
            )
            .order_by(f.seq)
            .limit(FAILURES_AT_ONCE)
        )
    ]
    found: dict[int, Refailure] = {}
    # Who is still waited for comes before who seemed to be done.
    for row in sorted(rows, key=lambda row: (row.is_settled, row.retried_at, row.id)):
        mine = next((one for one in free if _is_of(row, one)), None)
        if mine is not None:
            free.remove(mine)
            found[row.id] = mine
    return found


def _is_of(row: TrackedJob, failure: Refailure) -> bool:
    return (
        failure.payload_digest == row.payload_digest
        and failure.queue == row.queue
        and failure.seq > (row.failed_seq or 0)
        and failure.seen_at >= row.retried_at
        and failure.failed_id != row.failed_id
    )
