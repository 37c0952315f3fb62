"""Find and delete the waiting jobs that a bulk retry created, for the undo of one batch.

A retry inserts the jobs of a batch in the order of the failed jobs' ids. So the job of a failure is
at its place in the batch's range of ids, if nobody inserted other jobs meanwhile. A search of
the whole range follows only for failures whose job is not at this place. The search locks no row,
and only the jobs that the undo deletes are locked: workers wait for no other job.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, select
from sqlalchemy import delete as sql_delete

from bot.database.dialects import limit_delete, stored_bytes, straight_join, utf8mb4
from bot.database.transactions import LostRace, savepoint
from bot.queue.layouts import Queue
from bot.queue.moves import exactly, for_update, is_among
from bot.store.operations.batches import Batch
from bot.store.operations.operations import Operation
from bot.store.tables import batches, failures


@dataclass(frozen=True, slots=True)
class LostFailure:
    """A failure that a bulk change removed, and the id of its archived row (`copy`)."""

    seq: int
    failed_id: int
    row_digest: str
    queue: str
    payload_digest: str
    copy: int


Ids = tuple[int, int]
"""The first and the last id of a range."""
Rows = Sequence[Row[*tuple[Any, ...]]]


def delete(
    connection: Connection,
    queue: Queue,
    undone: Operation,
    batch: Batch,
    lost: Sequence[LostFailure],
) -> dict[int, int]:
    """Delete the untouched jobs of these failures; return the id of each failure's job, by `seq`.

    A failure whose job a worker has claimed or processed is not in the result.
    """
    job_ids: dict[int, int] = {}
    for ids in _ranges(connection, undone, batch, lost):
        unmatched = [row for row in lost if row.seq not in job_ids]
        if not unmatched:
            break
        job_ids |= _delete_some(connection, queue, _candidates(connection, queue, ids, unmatched))
    return job_ids


def find(
    connection: Connection,
    queue: Queue,
    undone: Operation,
    batch: Batch,
    lost: Sequence[LostFailure],
) -> dict[int, int]:
    """Return the id of a waiting job of each failure that has one, by `seq`.

    This reads without a lock: a worker may claim one of the jobs at any time.
    """
    job_ids: dict[int, int] = {}
    retried = _retried(connection, undone, batch)
    for rows, ids in _likely(connection, undone, lost, retried):
        job_ids |= _in_order(connection, queue, undone, ids, rows) or _candidates(
            connection, queue, ids, rows
        )
    for row in retried:
        unmatched = [one for one in lost if one.seq not in job_ids]
        if not unmatched:
            break
        ids, matched = (row.first_job_id, row.last_job_id), set(job_ids.values())
        job_ids |= _candidates(connection, queue, ids, unmatched, matched)
    return job_ids


def _in_order(
    connection: Connection, queue: Queue, undone: Operation, ids: Ids, lost: Sequence[LostFailure]
) -> dict[int, int]:
    """Return the job of each failure by `seq`, if the jobs are in the order of the failed jobs.

    The server compares the rows, so that no row of `jobs` is read into Python. The result is empty
    if a single job differs.
    """
    c, jobs = failures.c, queue.jobs_layout
    first, last = _extent(lost)
    if last - first + 1 != len(lost) or last - first != ids[1] - ids[0]:
        return {}
    shift = ids[0] - first
    same = and_(
        jobs.id == c.failed_id + shift,
        jobs.payload_digest() == c.payload_digest,
        stored_bytes(utf8mb4(jobs.queue)) == stored_bytes(c.queue),
        jobs.is_untouched(),
    )
    compared = select(func.count()).select_from(failures.join(queue.jobs, same))
    within = and_(c.seq.between(lost[0].seq, lost[-1].seq), c.operation == undone.id)
    compared = straight_join(compared.where(within, c.restored_by.is_(None)))
    if connection.execute(compared).scalar_one() != len(lost):
        return {}
    return {row.seq: row.failed_id + shift for row in lost}


def _extent(lost: Sequence[LostFailure]) -> Ids:
    """Return the lowest and the highest id of the failed jobs."""
    ids = [row.failed_id for row in lost]
    return min(ids), max(ids)


def _ranges(
    connection: Connection, undone: Operation, batch: Batch, lost: Sequence[LostFailure]
) -> Iterator[Ids]:
    """Yield the ranges of ids to search: the likely places, then the ranges of whole batches."""
    retried = _retried(connection, undone, batch)
    for _, ids in _likely(connection, undone, lost, retried):
        yield ids
    for row in retried:
        yield row.first_job_id, row.last_job_id


def _retried(
    connection: Connection, undone: Operation, batch: Batch
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the batches of the retry that the batch of the undo overlaps, with their new jobs."""
    s = batches.c
    query = select(s.after_seq, s.last_seq, s.first_job_id, s.last_job_id).where(
        s.operation == undone.id,
        s.last_seq > batch.after_seq,
        s.after_seq < batch.last_seq,
        s.first_job_id.is_not(None),
    )
    return connection.execute(query.order_by(s.number)).all()


def _likely(
    connection: Connection, undone: Operation, lost: Sequence[LostFailure], retried: Rows
) -> Iterator[tuple[Sequence[LostFailure], Ids]]:
    """Yield the failures of each batch of the retry with the range of ids where their jobs are."""
    c = failures.c
    for row in retried:
        own = [one for one in lost if row.after_seq < one.seq <= row.last_seq]
        if not own:
            continue
        first, last = _extent(own)
        moved = and_(c.seq.between(row.after_seq + 1, row.last_seq), c.operation == undone.id)
        before = func.count(case((c.failed_id < first, 1)))
        lower, upper = connection.execute(
            select(before, func.count()).where(moved, c.failed_id <= last)
        ).one()
        yield own, (row.first_job_id + lower, row.first_job_id + upper - 1)


def _candidates(
    connection: Connection,
    queue: Queue,
    ids: Ids,
    lost: Iterable[LostFailure],
    matched: Collection[int] = (),
) -> dict[int, int]:
    """Return the id of a waiting job in this range for each failure that has one, by `seq`.

    The jobs with the ids `matched` belong to other failures.
    """
    layout = queue.jobs_layout
    untouched = select(layout.id, layout.queue, layout.payload_digest()).where(
        layout.id.between(*ids), layout.is_untouched()
    )
    waiting: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
    for id_, name, digest in connection.execute(untouched.order_by(layout.id)):
        if id_ not in matched:
            waiting[name, digest].append(id_)
    return {
        row.seq: jobs.popleft() for row in lost if (jobs := waiting[row.queue, row.payload_digest])
    }


def _delete_some(
    connection: Connection, queue: Queue, candidates: dict[int, int]
) -> dict[int, int]:
    """Delete these jobs; return the jobs that no worker claimed meanwhile."""
    if not candidates:
        return {}
    with suppress(LostRace), savepoint(connection):
        delete_exactly(connection, queue, candidates.values())
        return candidates
    layout = queue.jobs_layout
    still = select(layout.id).where(layout.id.in_(candidates.values()), layout.is_untouched())
    waiting = set(connection.execute(for_update(still.order_by(layout.id))).scalars())
    left = {seq: id_ for seq, id_ in candidates.items() if id_ in waiting}
    if left:
        delete_exactly(connection, queue, left.values())
    return left


def delete_exactly(connection: Connection, queue: Queue, ids: Collection[int]) -> None:
    """Delete these jobs; raise `LostRace` if a worker has claimed or processed one of them."""
    layout = queue.jobs_layout
    deleting = sql_delete(queue.jobs).where(is_among(layout.id, ids), layout.is_untouched())
    # Without the limit, the DELETE of a range would wait for a lock on the next row.
    exactly(connection.execute(limit_delete(deleting, len(ids))), len(ids))
