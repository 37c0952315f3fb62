"""Restore single rows from the archive: each row once, and under its old id if the id is free."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from bot.models.audit import Target
from bot.models.refusals import JobGone, JobTaken, RowThere
from bot.queue.layouts import Queue, failed_digest, job_digest
from bot.queue.layouts.tables import FailedJobsTable, JobsTable
from bot.queue.moves import exactly, for_update, is_among
from bot.queue.reads import PAYLOAD_HEAD
from bot.store import archive as archived
from bot.store.archive import ArchivedAs, keep_job
from bot.store.deltas import metric_deltas
from bot.store.tables import archive


@dataclass(frozen=True, slots=True)
class Kept:
    """A locked row of the archive; `head` is the beginning of the row's payload.

    `restored_request` is the request id of the undo that restored the row at `restored_at` (naive
    UTC).
    """

    id: int
    kind: Literal["failed", "job"]
    row_id: int
    queue: str
    head: str
    payload_digest: str
    reserved_at: int | None
    restored_at: datetime | None
    restored_request: str | None


def kept(connection: Connection, request_id: str, targets: Sequence[Target]) -> list[Kept]:
    """Lock and return the archived rows of a request, ordered by id.

    Rows that a purge deleted are not returned.
    """
    c = archive.c
    rows = connection.execute(
        for_update(
            select(
                c.id,
                c.kind,
                c.row_id,
                c.queue,
                func.coalesce(func.substr(c.payload, 1, PAYLOAD_HEAD), "").label("head"),
                c.payload_digest,
                c.reserved_at,
                c.restored_at,
                c.restored_request,
            )
            .where(_removed(request_id, targets))
            .order_by(c.row_id)
        )
    ).mappings()
    return [Kept(**row) for row in rows]


def is_left(connection: Connection, request_id: str, targets: Sequence[Target]) -> bool:
    """Return whether the archive has a row of this request that no undo has restored."""
    query = select(archive.c.id).where(
        _removed(request_id, targets), archive.c.restored_at.is_(None)
    )
    return connection.execute(query.limit(1)).first() is not None


def _removed(request_id: str, targets: Sequence[Target]) -> ColumnElement[bool]:
    """Return the condition for the rows that a change archived.

    The change named the ids of at most 20 rows of one kind.
    """
    c = archive.c
    return and_(
        c.kind.in_({target.kind for target in targets}),
        c.row_id.in_([target.id for target in targets]),
        c.request_id == request_id,
    )


def mark(connection: Connection, archive_ids: Sequence[int], request_id: str, at: datetime) -> None:
    """Mark the archived rows of a single change as restored.

    Raises `LostRace` if a row was already restored. So no row is restored twice.
    """
    c = archive.c
    marked = update(archive).where(is_among(c.id, archive_ids), c.restored_at.is_(None))
    values = {"restored_at": at, "restored_request": request_id}
    exactly(connection.execute(marked.values(**values)), len(archive_ids))


def check_room(connection: Connection, queue: Queue, row: Kept, row_digest: str) -> bool:
    """Return whether the row's id is free; raise `RowThere` if the table has an equal row."""
    layout = _layout(queue, row)
    digest = failed_digest if row.kind == "failed" else job_digest
    same_id = select(digest(layout.table)).where(layout.id == row.row_id)
    present_digest = connection.execute(for_update(same_id)).scalar()
    if present_digest == row_digest:
        raise RowThere(id=str(row.row_id))
    return present_digest is None


def put_back(connection: Connection, queue: Queue, row: Kept, *, free: bool) -> int:
    """Insert the row unchanged, with its old id if the id is `free`; return the row's id."""
    new_id = archived.put_back(
        connection, queue, row.kind, [row.id], row_id=row.row_id, same_id=free
    )
    if row.kind == "job" and free:
        # The job reused its old id, so it must not count as a new job.
        metric_deltas.append_removed(connection, -1)
    return row.row_id if free else new_id


def _layout(queue: Queue, row: Kept) -> FailedJobsTable | JobsTable:
    return queue.failed_layout if row.kind == "failed" else queue.jobs_layout


def check_job(connection: Connection, queue: Queue, job_id: int, row: Kept) -> None:
    """Lock the job that a retry created from the row; raise `JobTaken` or `JobGone`."""
    layout = queue.jobs_layout
    digest = layout.payload_digest().label("digest")
    job = connection.execute(
        for_update(
            select(
                layout.queue, layout.attempts, layout.is_claimed().label("claimed"), digest
            ).where(layout.id == job_id)
        )
    ).first()
    if job is None or (job.queue, job.digest) != (row.queue, row.payload_digest):
        raise JobGone(id=str(row.row_id), job=str(job_id))
    if job.claimed or job.attempts:
        raise JobTaken(id=str(row.row_id), job=str(job_id))


def take_back(
    connection: Connection, queue: Queue, job_id: int, request_id: str, now: datetime
) -> None:
    """Delete a job that no worker has ever claimed; raise `LostRace` if a worker claimed it."""
    as_undone = ArchivedAs("undo", "undone", request_id, now)
    keep_job(connection, queue, job_id, as_undone)
    layout = queue.jobs_layout
    untouched = delete(queue.jobs).where(layout.id == job_id, layout.is_untouched())
    exactly(connection.execute(untouched), 1)
    metric_deltas.append_removed(connection, 1)
