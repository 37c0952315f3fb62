"""Locate tracked jobs: under the last id, under a later id, removed by the bot, or failed again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.database.transactions import TooSlow, bounded
from bot.queue.layouts import Queue
from bot.queue.layouts.rows import as_text
from bot.store.operations.retries.tracked_jobs import WAITING, TrackedJob
from bot.store.tables import archive, audit, failures, tracked_jobs

SCANNED = 5_000
"""A released job is searched for in this many newest rows of its queue: 20 ms at 400 B each."""
SCAN_SECONDS = 0.5
UNCOMMITTED = 100
"""This many ids below the highest id may not be committed yet, because ids are not assigned in the
order of commits."""
FAILURES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class RemovedBy:
    """The person who removed a job from `jobs` with the bot, and the person's action."""

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
    """The result of a search: the job's current id (None: not in `jobs`), or its removal.

    `complete` is False if the search could not read every possible row. `started` means that a
    worker has claimed the job since its retry.
    """

    job_id: int | None
    taken: RemovedBy | None = None
    complete: bool = True
    started: bool = False


def highest_id(connection: Connection, queue: Queue) -> int:
    """Return the highest id of `jobs`, or 0 if the table is empty."""
    return int(connection.execute(select(func.max(queue.jobs_layout.id))).scalar() or 0)


def look(
    connection: Connection, queue: Queue, rows: Sequence[TrackedJob]
) -> dict[int, JobLocation]:
    """Return the location of each tracked job, by `TrackedJob.id`."""
    present = _there(connection, queue, rows)
    locations = {
        row.id: JobLocation(row.job_id, started=present[row.id] or row.job_id != row.retried_as)
        for row in rows
        if row.id in present
    }
    missing = [row for row in rows if row.id not in locations]
    removals = _taken(connection, missing)
    locations |= {id_: JobLocation(None, removal) for id_, removal in removals.items()}
    for name in sorted({row.queue for row in missing}):
        unlocated = [row for row in missing if row.queue == name and row.id not in locations]
        if unlocated:
            locations |= _moved(connection, queue, name, unlocated)
    return locations


def _there(connection: Connection, queue: Queue, rows: Sequence[TrackedJob]) -> dict[int, bool]:
    """Return the tracked jobs that still have their last known id, and whether each is reserved."""
    layout = queue.jobs_layout
    job_ids = [row.job_id for row in rows]
    present = {
        job_id: (queue.mask(as_text(name)), digest, is_reserved)
        for job_id, name, digest, is_reserved in connection.execute(
            select(
                layout.id,
                layout.queue,
                layout.payload_digest(),
                layout.is_claimed(),
            ).where(layout.id.in_(job_ids), layout.is_unfinished())
        )
    }
    jobs = {row.id: present[row.job_id] for row in rows if row.job_id in present}
    return {
        row.id: bool(jobs[row.id][2])
        for row in rows
        if row.id in jobs and jobs[row.id][:2] == (row.queue, row.payload_digest)
    }


def _taken(connection: Connection, rows: Sequence[TrackedJob]) -> dict[int, RemovedBy]:
    """Return the tracked jobs that the bot removed from `jobs`; read the archive and audit log."""
    if not rows:
        return {}
    a = archive.c
    removals = connection.execute(
        select(a.row_id, a.archived_at, a.action, audit.c.actor)
        .select_from(archive.join(audit, audit.c.request_id == a.request_id, isouter=True))
        .where(a.kind == "job", a.row_id.in_([row.job_id for row in rows]))
        .where(a.restored_at.is_(None))
        .order_by(a.id)
    ).all()
    return {
        row.id: RemovedBy(actor, action)
        for row in rows
        for job_id, at, action, actor in removals
        if job_id == row.job_id and at >= row.retried_at
    }


def _moved(
    connection: Connection, queue: Queue, name: str, rows: Sequence[TrackedJob]
) -> dict[int, JobLocation]:
    """Match each tracked job with a later row of the queue.

    Two jobs with equal payloads cannot be distinguished, so each row is matched only once.
    """
    layout = queue.jobs_layout
    floors = {row.id: max(row.job_id, row.highest_id - UNCOMMITTED) for row in rows}
    newest = (
        select(layout.id.label("id"))
        .where(layout.is_in_queue(name), layout.id > min(floors.values()))
        .order_by(layout.id.desc())
        .limit(SCANNED)
    ).subquery()
    digest = layout.payload_digest()
    digests = {row.payload_digest for row in rows}
    jobs = select(layout.id, digest).join(newest, newest.c.id == layout.id)
    scan = jobs.where(digest.in_(digests), layout.is_unfinished())
    try:
        count, lowest = connection.execute(select(func.count(), func.min(newest.c.id))).one()
        hits = bounded(connection, scan.order_by(layout.id), SCAN_SECONDS).all()
    except TooSlow:
        return {row.id: JobLocation(None, complete=False) for row in rows}
    free = _not_held(connection, dict(hits))
    locations: dict[int, JobLocation] = {}
    for row in sorted(rows, key=lambda row: (row.retried_at, row.id)):
        reached = count < SCANNED or lowest <= floors[row.id] + 1
        mine = (id_ for id_ in free if id_ > floors[row.id] and free[id_] == row.payload_digest)
        job_id = min(mine, default=None)
        if job_id is not None:
            del free[job_id]
        locations[row.id] = JobLocation(job_id, complete=reached, started=True)
    return locations


def _not_held(connection: Connection, hits: Mapping[int, str]) -> dict[int, str]:
    """Return the rows of `jobs` that do not belong to another waiting tracked job."""
    if not hits:
        return {}
    held = connection.execute(
        select(tracked_jobs.c.job_id).where(
            tracked_jobs.c.job_id.in_(hits), tracked_jobs.c.state == WAITING
        )
    ).scalars()
    held_ids = set(held)
    return {job_id: digest for job_id, digest in hits.items() if job_id not in held_ids}


def failed_again(connection: Connection, rows: Sequence[TrackedJob]) -> dict[int, Refailure]:
    """Return at most one new failure for each of these jobs; no failure is returned twice.

    A failure is new if it was seen after the retry, and if it is not the retried failed job that an
    undo restored.
    """
    if not rows:
        return {}
    f = failures.c
    known = select(tracked_jobs.c.id).where(tracked_jobs.c.outcome_seq == f.seq).exists()
    free = [
        Refailure(*failure)
        for failure in connection.execute(
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
    refailures: dict[int, Refailure] = {}
    # Jobs without an outcome are matched before jobs that already have an outcome.
    for row in sorted(rows, key=lambda row: (row.is_settled, row.retried_at, row.id)):
        refailure = next((failure for failure in free if _is_of(row, failure)), None)
        if refailure is not None:
            free.remove(refailure)
            refailures[row.id] = refailure
    return refailures


def _is_of(row: TrackedJob, failure: Refailure) -> bool:
    return (
        failure.payload_digest == row.payload_digest
        and failure.queue == row.queue
        and failure.seq > (row.failed_seq or 0)
        and failure.seen_at >= row.retried_at
        and failure.failed_id != row.failed_id
    )
