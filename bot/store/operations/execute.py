"""Run one batch of a bulk change: change rows, archive, index and incidents in one transaction."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from bot.database.dialects import force_index, is_sqlite, sha256_of_lines, straight_join
from bot.database.transactions import LostRace
from bot.failpoints import reach
from bot.models.payload_edits import EditKind
from bot.queue import auto_increment, bulk
from bot.queue.layouts import Queue, failed_digest
from bot.queue.moves import for_update
from bot.store import archive
from bot.store.archive import ArchivedAs
from bot.store.deltas import metric_deltas
from bot.store.deltas.incident_deltas import Removal
from bot.store.failures import removal
from bot.store.operations import batch_digests, batches, payload_edits, set_aside, undo_batches
from bot.store.operations.batches import Batch
from bot.store.operations.halving import Halving
from bot.store.operations.operations import Operation
from bot.store.operations.retries import tracked_jobs
from bot.store.operations.scopes import matching
from bot.store.operations.transitions import wait_for_canary
from bot.store.tables import failures as index


def execute_batch(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    batch: Batch,
    owner: str,
    now: datetime,
    before_jobs: Callable[[], None] = lambda: None,
) -> int:
    """Move the batch's rows in the caller's transaction; return their number.

    `before_jobs` is called before the rows are inserted into `jobs`, where workers may claim them.

    Raises `LostRace` if another replica ran the batch or somebody moved a row meanwhile: the caller
    must roll back and read again. Raises `NotOurs` if the operation was taken over or has ended.
    """
    if operation.scope.undo is not None:
        return undo_batches.put_back(connection, queue, operation, batch, owner, now)
    within = and_(matching(operation.scope), batch.seq_range)
    if operation.counts_as == "retried":
        within = set_aside.add_other_connections(connection, queue, operation.id, within)
    part = _Part(connection, queue, operation, within, now, before_jobs)
    halving = Halving(connection, operation, part.move)
    moved = halving.run(batch)
    rows = sum(one.rows for one in moved)
    values: dict[str, Any] = {
        "rows": rows,
        "digest": _digest_of(part, batch, moved, halving.refused),
    }
    is_canary = batches.is_canary(operation, batch)
    if made := [one.new_ids for one in moved if one.new_ids is not None]:
        first, last = min(ids[0] for ids in made), max(ids[1] for ids in made)
        values |= {"first_job_id": first, "last_job_id": last}
        if is_canary:
            taken = part.taken(batch)
            tracked_jobs.track_canary(connection, queue, operation, taken, (first, last), now)
    edits = sum((Counter(one.edits) for one in moved), Counter[EditKind]())
    payload_edits.add(connection, operation.id, batch.number, edits)
    batches.close(connection, operation, batch, owner, values)
    if is_canary and not batches.is_left(connection, operation):
        wait_for_canary(connection, operation)
    return rows


@dataclass(frozen=True, slots=True)
class _Moved:
    """The moved rows of a batch or of a part, their new ids, and the edits of their payloads."""

    rows: int
    digest: str
    new_ids: tuple[int, int] | None
    edits: Mapping[EditKind, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """The work on a batch, or on a part of a batch, in one transaction.

    `within` is the condition for the failures that the batch may change.
    """

    connection: Connection
    queue: Queue
    operation: Operation
    within: ColumnElement[bool]
    now: datetime
    before_jobs: Callable[[], None]

    def taken(self, batch: Batch) -> ColumnElement[bool]:
        """Return the condition for the failures of the batch that the operation moved."""
        return and_(index.c.operation == self.operation.id, batch.seq_range)

    def move(self, batch: Batch) -> _Moved:
        """Lock, mark, archive and move or delete the rows of the batch."""
        connection, queue, operation = self.connection, self.queue, self.operation
        within = and_(self.within, batch.seq_range)
        extent = _lock(connection, queue, within, dense=batch.is_dense)
        reach("batch-locked")
        _mark(connection, queue, operation, batch, within, extent.rows, self.now)
        if not extent.rows:
            return _Moved(0, extent.digest, None)
        locked = bulk.LockedBatch(
            index.c.failed_id, self.taken(batch), extent.rows, extent.lowest, extent.highest
        )
        if operation.archive:
            _keep(connection, queue, operation, locked, self.now)
        # This comes last, because a worker with an empty queue waits from here until the commit.
        self.before_jobs()
        retried = _move(connection, queue, operation, batch, locked, self.now)
        if retried is None:
            return _Moved(extent.rows, extent.digest, None)
        return _Moved(extent.rows, extent.digest, retried.new_ids, retried.edits)


def _digest_of(part: _Part, batch: Batch, moved: Sequence[_Moved], refused: int) -> str:
    """Return the digest of all rows of the batch that were moved."""
    if len(moved) == 1 and not refused:
        return moved[0].digest
    items = select(index.c.failed_id, index.c.row_digest).where(part.taken(batch))
    return batch_digests.listed(part.connection.execute(items.order_by(index.c.seq)).all()).digest


# The server computes the digest of 1,000 rows in 1 ms; reading them into Python takes 3 ms.
_LISTED = sha256_of_lines((index.c.failed_id, index.c.row_digest), order=index.c.seq)


def _lock(
    connection: Connection, queue: Queue, within: ColumnElement[bool], *, dense: bool
) -> batch_digests.Found:
    """Lock the rows of the batch that have not changed since they were indexed."""
    failed = queue.failed_layout
    there = and_(
        failed.id == index.c.failed_id,
        failed_digest(queue.failed) == index.c.row_digest,
        within,
    )
    if is_sqlite(connection):
        listed = select(index.c.failed_id, index.c.row_digest).where(there).order_by(index.c.seq)
        return batch_digests.listed(connection.execute(listed).all())
    locking = (
        select(func.count(), func.min(failed.id), func.max(failed.id), _LISTED)
        .select_from(index)
        .where(there)
    )
    # The query reads the index of failures first, then each row by its id. A server prefers to
    # scan a small table, but the scan would wait for every row that another transaction locked.
    locking = force_index(straight_join(locking), queue.failed, "PRIMARY")
    if dense:
        locking = force_index(locking, index, "PRIMARY")
    rows, lowest, highest, digest = connection.execute(for_update(locking)).one()
    return batch_digests.Found(
        int(rows), lowest or 0, highest or 0, digest or batch_digests.listed([]).digest
    )


def _mark(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    batch: Batch,
    within: ColumnElement[bool],
    rows: int,
    now: datetime,
) -> None:
    """Mark the batch's failures removed; only moved failures name the operation."""
    moved = within
    if rows < batch.size:
        failed = queue.failed_layout
        there = select(failed.id).where(
            failed.id == index.c.failed_id,
            failed_digest(queue.failed) == index.c.row_digest,
        )
        moved = and_(within, there.exists())
    by_batch = Removal(operation.action, operation.actor, operation.id, operation.counts_as)
    removal.mark_batch_removed(connection, moved, batch.seq_range, by_batch, rows, now)
    if rows < batch.size:
        removal.mark_removed(connection, within, now)


def _keep(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    locked: bulk.LockedBatch,
    now: datetime,
) -> None:
    which = locked.condition(queue.failed_layout)
    kept = archive.keep_failed(
        connection,
        queue,
        which,
        ArchivedAs(operation.action, operation.counts_as, operation.request_id, now),
    )
    if kept != locked.rows:
        raise LostRace


def _move(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    batch: Batch,
    locked: bulk.LockedBatch,
    now: datetime,
) -> bulk.RetriedBatch | None:
    """Move or delete the rows; return the new jobs of a retry."""
    if operation.counts_as == "deleted":
        bulk.delete_batch(connection, queue, locked)
        return None
    rate = None if operation.rate is None else bulk.RetryRate(batch.starts_at, operation.rate)
    retried = bulk.retry_batch(connection, queue, locked, now, rate)
    metric_deltas.append_skipped(connection, auto_increment.ids_unused(connection, locked.rows))
    return retried
