"""Undoing a bulk change: a batch of what it took comes back out of the archive, at once.

What a retry made of a failed job has no known id, only a stretch of ids it lies in: there it is
found by queue and payload, still pending and never tried. Where several jobs have one payload, as
many come back as are still there.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select

from bot.database.dialects import straight_join
from bot.failpoints import reach
from bot.queue.layouts import Queue, failed_digest, payload_digest
from bot.queue.moves import exactly, for_update
from bot.store import archive as archived
from bot.store.deltas import metric_deltas
from bot.store.deltas.incident_deltas import Removal
from bot.store.operations import batches, operations, reindex, restore
from bot.store.operations.batches import Batch
from bot.store.operations.operations import Operation
from bot.store.operations.retries import tracked_jobs
from bot.store.operations.scopes import matching
from bot.store.tables import archive, failures
from bot.store.tables import batches as stretches
from bot.store.tables import operations as operation_rows


@dataclass(frozen=True, slots=True)
class _Lost:
    """A failure that a bulk change took, and its copy in the archive."""

    seq: int
    failed_id: int
    row_digest: str
    queue: str
    payload_digest: str
    copy: int


def put_back(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    batch: Batch,
    owner: str,
    now: datetime,
) -> int:
    """Put the batch's rows back in the caller's transaction; returns how many.

    What a worker has, or has done, stays as it is. Raises `LostRace` and `NotOurs` as every batch.
    """
    undone = operations.find(connection, operation.scope.undo or 0)
    if undone is None:
        raise LookupError(operation.scope.undo)
    lost = _lost(connection, undone, and_(matching(operation.scope), batch.stretch))
    there = _there(connection, queue, [row.failed_id for row in lost])
    lost = [row for row in lost if there.get(row.failed_id) != row.row_digest]
    if undone.counts_as == "retried":
        lost = _take_back(connection, queue, operation, undone, batch, lost, now)
    reach("undo-batch-taken")
    if lost:
        _restore(connection, queue, operation, undone, lost, set(there), now)
    digest = batches.listed(lost).digest
    batches.close(connection, operation, batch, owner, {"rows": len(lost), "digest": digest})
    return len(lost)


def _lost(connection: Connection, undone: Operation, within: ColumnElement[bool]) -> list[_Lost]:
    """What is to come back and is in the archive, locked, in the order of `seq`."""
    f, a = failures.c, archive.c
    copies = and_(
        a.kind == "failed",
        a.row_id == f.failed_id,
        a.request_id == undone.request_id,
        a.restored_at.is_(None),
    )
    chosen = (
        select(f.seq, f.failed_id, f.row_digest, f.queue, f.payload_digest, a.id)
        .select_from(failures)
        .where(within, copies)
        .order_by(f.seq)
    )
    return [_Lost(*row) for row in connection.execute(for_update(straight_join(chosen)))]


def _there(connection: Connection, queue: Queue, ids: Sequence[int]) -> dict[int, str]:
    """The ids that are taken, each with the digest of the row that has it."""
    id_ = queue.failed_layout.id
    chosen = select(id_, failed_digest(queue.failed)).where(id_.in_(ids)).order_by(id_)
    return {row[0]: row[1] for row in connection.execute(for_update(chosen))} if ids else {}


def _take_back(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    undone: Operation,
    batch: Batch,
    lost: Sequence[_Lost],
    now: datetime,
) -> list[_Lost]:
    """Delete the jobs of these rows that are still pending; returns the rows that had one."""
    waiting: dict[tuple[str, str], deque[int]] = defaultdict(deque)
    for job_id, name, digest in _waiting(connection, queue, undone, batch):
        waiting[name, digest].append(job_id)
    taken: list[int] = []
    back: list[_Lost] = []
    for row in lost:
        if jobs := waiting[row.queue, row.payload_digest]:
            taken.append(jobs.popleft())
            back.append(row)
    if taken:
        layout = queue.jobs_layout
        gone = delete(queue.jobs).where(layout.id.in_(taken), layout.is_untouched())
        exactly(connection.execute(gone), len(taken))
        metric_deltas.append_removed(connection, len(taken))
        tracked_jobs.taken_back(connection, undone.id, taken, operation.actor, now)
    return back


def _waiting(
    connection: Connection, queue: Queue, undone: Operation, batch: Batch
) -> list[tuple[int, str, str]]:
    """The jobs that no worker has touched, among those that the retry of this batch may have made.

    Locked, in the order of ids: each with its queue and payload digest.
    """
    s, layout = stretches.c, queue.jobs_layout
    made = select(s.first_job_id, s.last_job_id).where(
        s.operation == undone.id,
        s.last_seq > batch.after_seq,
        s.after_seq < batch.last_seq,
        s.first_job_id.is_not(None),
    )
    found: dict[int, tuple[int, str, str]] = {}
    for first, last in connection.execute(made.order_by(s.number)).all():
        chosen = (
            select(layout.id, layout.queue, payload_digest(queue.jobs))
            .where(layout.id.between(first, last), layout.is_untouched())
            .order_by(layout.id)
        )
        found |= {
            row[0]: (row[0], row[1], row[2]) for row in connection.execute(for_update(chosen))
        }
    return [found[id_] for id_ in sorted(found)]


def _restore(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    undone: Operation,
    lost: Sequence[_Lost],
    taken_ids: set[int],
    now: datetime,
) -> None:
    """Insert the rows, with their ids where those are free, and note it everywhere."""
    restore.mark(connection, [row.copy for row in lost], operation.request_id, now)
    free = [row for row in lost if row.failed_id not in taken_ids]
    ids = {row.seq: row.failed_id for row in free}
    if free:
        archived.put_back(connection, queue, "failed", [row.copy for row in free], same_id=True)
    for row in lost:
        if row.failed_id in taken_ids:
            ids[row.seq] = archived.put_back(connection, queue, "failed", [row.copy], same_id=False)
    removal = Removal(undone.action, undone.actor, undone.id, undone.counts_as)
    reindex.index_restored(connection, queue, ids, now, removal, operation.id)


def is_left(connection: Connection, operation: int) -> bool:
    """Whether something that a bulk change took has not come back."""
    f = failures.c
    left = select(f.seq).where(_taken_by(connection, operation), f.restored_by.is_(None))
    return connection.execute(left.limit(1)).first() is not None


def undone_by(connection: Connection, operation: int) -> Operation | None:
    """The bulk undo that put back what this operation had taken, the last one."""
    newest = select(func.max(failures.c.restored_by)).where(_taken_by(connection, operation))
    found = connection.execute(newest).scalar()
    return None if found is None else operations.find(connection, found)


def undos(connection: Connection, operation: int) -> list[Operation]:
    """The bulk undos of this operation that have ended and put something back, in their order."""
    c = operation_rows.c
    chosen = select(c.id).where(
        c.id > operation, c.action == "undo", c.finished_at.is_not(None), c.done > 0
    )
    ids = connection.execute(chosen.order_by(c.id)).scalars().all()
    found = [operations.find(connection, id_) for id_ in ids]
    return [one for one in found if one is not None and one.scope.undo == operation]


def _taken_by(connection: Connection, operation: int) -> ColumnElement[bool]:
    """The failures that an operation took, by the stretch of the index that it went through."""
    s, f = stretches.c, failures.c
    ends = select(func.min(s.after_seq), func.max(s.last_seq)).where(s.operation == operation)
    first, last = connection.execute(ends).one()
    return and_(f.seq.between(first or 0, last or 0), f.operation == operation)
