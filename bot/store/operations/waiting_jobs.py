"""Find and delete the waiting jobs that a bulk retry created, for the undo of one batch.

A retry inserts the jobs of a batch in the order of the failures. So the job of a failure is at the
failure's place in the batch's range of ids, if nobody inserted other jobs meanwhile. A search of
the whole range follows only for failures whose job is not at this place. The search locks no row,
and only the jobs that the undo deletes are locked: workers wait for no other job.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy import delete as sql_delete

from bot.database.dialects import limit_delete
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


def find_likely(
    connection: Connection,
    queue: Queue,
    undone: Operation,
    batch: Batch,
    lost: Sequence[LostFailure],
) -> dict[int, int]:
    """Return the id of a waiting job of each failure, by `seq`, from the likely places only.

    This reads without a lock: a worker may claim one of the jobs at any time.
    """
    job_ids: dict[int, int] = {}
    for ids in _likely(connection, undone, lost, _retried(connection, undone, batch)):
        job_ids |= _candidates(
            connection, queue, ids, (row for row in lost if row.seq not in job_ids)
        )
    return job_ids


def _ranges(
    connection: Connection, undone: Operation, batch: Batch, lost: Sequence[LostFailure]
) -> Iterator[Ids]:
    """Yield the ranges of ids to search: the likely places, then the ranges of whole batches."""
    retried = _retried(connection, undone, batch)
    yield from _likely(connection, undone, lost, retried)
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
    connection: Connection,
    undone: Operation,
    lost: Sequence[LostFailure],
    retried: Rows,
) -> Iterator[Ids]:
    for row in retried:
        seqs = [one.seq for one in lost if row.after_seq < one.seq <= row.last_seq]
        if seqs:
            first = row.first_job_id + _moved(connection, undone, row.after_seq + 1, seqs[0] - 1)
            yield first, first + seqs[-1] - seqs[0]


def _moved(connection: Connection, undone: Operation, first: int, last: int) -> int:
    """Return how many failures of this range of `seq` the operation moved."""
    c = failures.c
    moved = select(func.count()).where(c.seq.between(first, last), c.operation == undone.id)
    return int(connection.execute(moved).scalar_one()) if first <= last else 0


def _candidates(
    connection: Connection, queue: Queue, ids: Ids, lost: Iterable[LostFailure]
) -> dict[int, int]:
    """Return the id of a waiting job in this range for each failure that has one, by `seq`."""
    layout = queue.jobs_layout
    untouched = select(layout.id, layout.queue, layout.payload_digest()).where(
        layout.id.between(*ids), layout.is_untouched()
    )
    waiting: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
    for id_, name, digest in connection.execute(untouched.order_by(layout.id)):
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
