"""Retry and delete single rows, in the caller's transaction; the row count proves each change.

Payload bytes never leave the server: rows move by INSERT … SELECT. The lock ensures that the
loser of a race gets the right answer. The row count of DELETE prevents a second move of a row. It
also does so on other Galera nodes, where the lock has no effect.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, CursorResult, delete, select

from bot.database.transactions import LostRace
from bot.fingerprint.payload import JobIdentity
from bot.queue.copies import check_fits, check_same_row, read_rules, refusing_rows
from bot.queue.layouts import Queue, failed_digest
from bot.queue.layouts.queue_table import QueueTable
from bot.queue.layouts.rows import as_text
from bot.queue.reads import PAYLOAD_HEAD


@dataclass(frozen=True, slots=True)
class LockedFailed:
    """A locked failed job: the values that the answer shows, and the row digest."""

    id: int
    queue: str
    failed_at: datetime
    row_digest: str
    identity: JobIdentity


@dataclass(frozen=True, slots=True)
class LockedJob:
    """A locked job; `reserved_at` is in unix seconds, or None if no worker has the job."""

    id: int
    queue: str
    attempts: int | None
    max_attempts: int | None
    reserved_at: int | None
    row_digest: str
    identity: JobIdentity


def for_update(statement: Any) -> Any:
    """Add a row lock to the statement; a separate function so that a test can remove the lock."""
    return statement.with_for_update()


def is_among(column: ColumnElement[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition for these ids: a range if the ids have no gap.

    A locking read of a range also locks the next row for a moment, and may wait for this lock.
    """
    lowest, highest = min(ids), max(ids)
    if highest - lowest + 1 == len(set(ids)):
        return column.between(lowest, highest)
    return column.in_(ids)


def exactly(result: CursorResult[Any], rows: int) -> None:
    """Raise `LostRace` unless the statement changed exactly `rows` rows."""
    if result.rowcount != rows:
        raise LostRace


def lock_failed(connection: Connection, queue: Queue, failed_id: int) -> LockedFailed | None:
    """Lock the failed job until the transaction ends; return it, or None if it does not exist."""
    failed = queue.failed_layout
    row = connection.execute(
        for_update(
            select(
                failed.id,
                failed.queue,
                failed.failed_at,
                failed.payload_head(PAYLOAD_HEAD).label("head"),
                failed_digest(queue.failed).label("digest"),
            ).where(failed.id == failed_id)
        )
    ).first()
    if row is None:
        return None
    name, identity = queue.mask(as_text(row.queue)), queue.identify(row.head)
    return LockedFailed(row.id, name, row.failed_at, row.digest, identity)


def lock_job(connection: Connection, queue: Queue, job_id: int, now: datetime) -> LockedJob | None:
    """Lock the job until the transaction ends; return None if it is finished or does not exist."""
    jobs = queue.jobs_layout
    this = select(*jobs.selection(PAYLOAD_HEAD, now)).where(jobs.id == job_id, jobs.is_unfinished())
    selected = connection.execute(for_update(this)).mappings().first()
    if selected is None:
        return None
    row = jobs.row_of(selected)
    return LockedJob(
        row.id,
        queue.mask(row.queue),
        row.attempts,
        row.max_attempts,
        row.reserved_at,
        row.digest,
        queue.identify(row.payload),
    )


@dataclass(frozen=True, slots=True)
class MovedJob:
    """The id of the new job, and the values that the retry changed in its payload, by key."""

    id: int
    edited: Mapping[str, int | None]


def retry(connection: Connection, queue: Queue, failed_id: int, now: datetime) -> MovedJob:
    """Move one failed job back to `jobs` with 0 attempts; return the new job.

    Raises `LostRace` if the row no longer exists. Raises `RowTooLong`, `RowWouldChange` or
    `RowRefused` if the copy would differ from the original, or if the job did not come from `jobs`.
    """
    failed = queue.failed_layout
    is_this_row = failed.id == failed_id
    rules = read_rules(connection, queue)
    check_fits(connection, queue, rules, is_this_row)
    edits = failed.payload_edits(connection, is_this_row, now)
    moving = failed.as_jobs(now, edits=edits).where(is_this_row)
    with refusing_rows(queue, failed_id):
        moved = connection.execute(queue.jobs_layout.insert_retried(moving))
    exactly(moved, 1)
    job_id = int(moved.lastrowid)
    check_same_row(connection, queue, rules, failed_id, job_id, edits)
    delete_failed(connection, queue, failed_id)
    edit = edits.by_id.get(failed_id)
    return MovedJob(job_id, {} if edit is None else edit.values)


def delete_failed(connection: Connection, queue: Queue, failed_id: int) -> None:
    """Delete one failed job; raises `LostRace` if it does not exist any more."""
    with refusing_rows(queue, failed_id):
        _delete(connection, queue.failed_layout, failed_id)


def delete_job(connection: Connection, queue: Queue, job_id: int) -> None:
    """Delete one pending or reserved job; raises `LostRace` if it does not exist any more."""
    with refusing_rows(queue, job_id):
        _delete(connection, queue.jobs_layout, job_id)


def _delete(connection: Connection, layout: QueueTable, row_id: int) -> None:
    exactly(connection.execute(delete(layout.table).where(layout.id == row_id)), 1)
