"""Undo a bulk change in batches: each batch restores removed rows from the archive.

The id of a job that a retry created is not known, only a range of ids. The undo searches this range
for a job with the failure's queue and payload that no worker has ever claimed. If several jobs have
one payload, the undo restores as many failed jobs as such jobs still exist.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select

from bot.database.dialects import force_index, straight_join
from bot.database.transactions import LostRace, savepoint
from bot.failpoints import reach
from bot.queue.layouts import Queue, failed_digest
from bot.queue.moves import for_update, is_among
from bot.store import archive as archived
from bot.store import restored_copies
from bot.store.deltas import metric_deltas
from bot.store.deltas.incident_deltas import Removal
from bot.store.operations import batch_digests, batches, operations, reindex, waiting_jobs
from bot.store.operations.batches import Batch
from bot.store.operations.halving import Halving
from bot.store.operations.operations import Operation
from bot.store.operations.retries import tracked_jobs
from bot.store.operations.scopes import matching
from bot.store.operations.waiting_jobs import LostFailure
from bot.store.tables import archive, failures
from bot.store.tables import batches as batch_rows
from bot.store.tables import operations as operation_rows


def put_back(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    batch: Batch,
    owner: str,
    now: datetime,
) -> int:
    """Restore the batch's rows in the caller's transaction; return their number.

    A job that a worker has claimed or processed is not undone. A row that the table refuses is set
    aside. Raises `LostRace` and `NotOurs` like every batch.
    """
    undone = operations.find(connection, operation.scope.undo or 0)
    if undone is None:
        raise LookupError(operation.scope.undo)
    parts = Halving(
        connection,
        operation,
        lambda part: _put_back(connection, queue, operation, undone, part, now),
    ).run(batch)
    restored = [row for part in parts for row in part]
    digest = batch_digests.listed(restored).digest
    batches.close(connection, operation, batch, owner, {"rows": len(restored), "digest": digest})
    return len(restored)


def _put_back(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    undone: Operation,
    batch: Batch,
    now: datetime,
) -> list[LostFailure]:
    """Restore the rows of a batch or of a part of a batch; return the restored rows."""
    within = and_(matching(operation.scope), batch.seq_range)
    lost = _lost(connection, undone, within, batch.size)
    digests_in_use = _there(connection, queue, [row.failed_id for row in lost])
    lost = [row for row in lost if digests_in_use.get(row.failed_id) != row.row_digest]

    def restore_rows(rows: Sequence[LostFailure]) -> None:
        if rows:
            _restore(connection, queue, operation, undone, rows, set(digests_in_use), now)

    if undone.counts_as == "retried":
        return _replace_jobs(connection, queue, operation, undone, batch, lost, now, restore_rows)
    reach("undo-batch-taken")
    restore_rows(lost)
    reach("undo-batch-restored")
    return lost


def _lost(
    connection: Connection, undone: Operation, within: ColumnElement[bool], rows: int
) -> list[LostFailure]:
    """Lock and return up to `rows` removed failures that are in the archive, ordered by `seq`."""
    f, a = failures.c, archive.c
    copies = and_(
        a.kind == "failed",
        a.row_id == f.failed_id,
        a.request_id == undone.request_id,
        restored_copies.not_restored(),
    )
    query = (
        select(f.seq, f.failed_id, f.row_digest, f.queue, f.payload_digest, a.id)
        .select_from(failures)
        .where(within, copies)
        .order_by(f.seq)
        # Without the limit, the server would also lock the row behind the range, which is in a
        # batch of the other batch worker: both batches would run one after the other.
        .limit(rows)
    )
    query = force_index(straight_join(query), failures, "PRIMARY")
    # Without the index, a small archive would be read through a buffer of joins, which reads (and
    # locks) further failures before the limit ends it.
    query = force_index(query, archive, "queue_bot_archive_row")
    return [LostFailure(*row) for row in connection.execute(for_update(query))]


def _there(connection: Connection, queue: Queue, ids: Sequence[int]) -> dict[int, str]:
    """Return the ids that are in use, each with the digest of its row."""
    id_ = queue.failed_layout.id
    if not ids:
        return {}
    query = select(id_, failed_digest(queue.failed)).where(is_among(id_, ids)).order_by(id_)
    # No lock: if somebody takes an id after this read, the insert of the restored row fails.
    return {row[0]: row[1] for row in connection.execute(query)}


def _replace_jobs(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    undone: Operation,
    batch: Batch,
    lost: Sequence[LostFailure],
    now: datetime,
    restore_rows: Callable[[Sequence[LostFailure]], None],
) -> list[LostFailure]:
    """Delete the waiting jobs of these rows and restore the rows; return the restored rows.

    A worker waits for a deleted job until the commit, so the jobs are deleted last. If a worker has
    claimed one of them meanwhile, the jobs are deleted first, and only their rows are restored.
    """
    job_ids = waiting_jobs.find(connection, queue, undone, batch, lost)
    restored = [row for row in lost if row.seq in job_ids]
    if not restored:
        return []
    try:
        with savepoint(connection):
            restore_rows(restored)
            reach("undo-batch-restored")
            waiting_jobs.delete_exactly(connection, queue, job_ids.values())
            reach("undo-batch-taken")
    except LostRace:
        job_ids = waiting_jobs.delete(connection, queue, undone, batch, lost)
        restored = [row for row in lost if row.seq in job_ids]
        reach("undo-batch-taken")
        restore_rows(restored)
    if job_ids:
        ids = list(job_ids.values())
        metric_deltas.append_removed(connection, len(ids))
        if undone.canary is not None:
            tracked_jobs.taken_back(connection, undone.id, ids, operation.actor, now)
    return restored


def _restore(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    undone: Operation,
    lost: Sequence[LostFailure],
    taken_ids: set[int],
    now: datetime,
) -> None:
    """Insert the rows, under their old ids if these are free; update the archive and the index."""
    restored_copies.add(connection, [row.copy for row in lost], operation.id)
    free = [row for row in lost if row.failed_id not in taken_ids]
    ids = {row.seq: row.failed_id for row in free}
    if free:
        archived.put_back(
            connection,
            queue,
            "failed",
            [row.copy for row in free],
            row_id=free[0].failed_id,
            same_id=True,
        )
    for row in lost:
        if row.failed_id in taken_ids:
            ids[row.seq] = archived.put_back(
                connection, queue, "failed", [row.copy], row_id=row.failed_id, same_id=False
            )
    removal = Removal(undone.action, undone.actor, undone.id, undone.counts_as)
    same_ids = len(free) == len(lost)
    reindex.index_restored(connection, queue, ids, now, removal, operation.id, same_ids=same_ids)


def is_left(connection: Connection, operation: int) -> bool:
    """Return whether any failure that a bulk change removed is not restored."""
    f = failures.c
    query = select(f.seq).where(_taken_by(connection, operation), f.restored_by.is_(None))
    return connection.execute(query.limit(1)).first() is not None


def undone_by(connection: Connection, operation: int) -> Operation | None:
    """Return the last bulk undo that restored failures of this operation."""
    newest = select(func.max(failures.c.restored_by)).where(_taken_by(connection, operation))
    undo = connection.execute(newest).scalar()
    return None if undo is None else operations.find(connection, undo)


def undos(connection: Connection, operation: int) -> list[Operation]:
    """Return the finished bulk undos of this operation that restored failures, the oldest first."""
    c = operation_rows.c
    query = select(c.id).where(
        c.id > operation, c.action == "undo", c.finished_at.is_not(None), c.done > 0
    )
    ids = connection.execute(query.order_by(c.id)).scalars().all()
    bulk_undos = [operations.find(connection, id_) for id_ in ids]
    return [undo for undo in bulk_undos if undo is not None and undo.scope.undo == operation]


def _taken_by(connection: Connection, operation: int) -> ColumnElement[bool]:
    """Return the condition for failures that an operation removed, within its range of `seq`."""
    s, f = batch_rows.c, failures.c
    ends = select(func.min(s.after_seq), func.max(s.last_seq)).where(s.operation == operation)
    first, last = connection.execute(ends).one()
    return and_(f.seq.between(first or 0, last or 0), f.operation == operation)
