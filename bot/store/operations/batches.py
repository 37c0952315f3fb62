"""The batches of a bulk change: claimed one at a time, run in parallel.

A claim reserves the next range of the scope and commits at once, so that several batches can run in
parallel. One transaction changes the batch's rows, the archive, the index and the incidents, and
marks the batch as done. If a crash interrupts a batch, the operation's next owner runs the batch.
Failures that a batch moved name their operation, and the audit log stores a digest of them.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, insert, select, update

from bot.queue.layouts import Queue
from bot.queue.moves import exactly
from bot.store.operations import canary, undo_ranges
from bot.store.operations.operations import Operation, locked
from bot.store.operations.scopes import matching
from bot.store.operations.undo_ranges import SeqRange
from bot.store.tables import batches
from bot.store.tables import failures as index

BATCH_ROWS = 4_000
"""A worker with an empty queue waits from a batch's insert into `jobs` until the commit. This takes
at most 30 ms on two idle cores (MariaDB 10.11), and more on a busy machine. With batches of 1,000
rows, the worker waits 14 ms, but the bot moves a quarter fewer rows per second."""
BATCH_BYTES = 16_000_000
"""A batch has fewer rows if the failures are larger than the usual few kB, because workers wait for
the batch. A batch that takes longer than a takeover would move between replicas for ever."""
DELETED_ROWS, DELETED_BYTES = 10_000, 64_000_000
"""No worker waits for a batch that only deletes failed jobs, so the batch may be larger. Batches of
4,000 rows are a third slower."""
WIDEST = 10_000
"""A batch spans at most this many `seq`, because it reads its range several times and locks the
rows of the range. Without this limit, 9 failures among 100,000 took 0.2 s and 320,000 reads."""
CLAIMED, DONE = "claimed", "done"
ITEMS_KEPT = timedelta(days=29)
"""Failures that a batch moved are kept for 30 days; no bulk change takes longer than 1 day."""


class NotOurs(Exception):
    """Another replica owns the operation now, or the operation does not run any more."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to `size` failures of an operation, with a `seq` in (after_seq, last_seq].

    If the operation has a rate, no job of the batch becomes available before `starts_at` (naive
    UTC).
    """

    operation: int
    number: int
    after_seq: int
    last_seq: int
    size: int
    starts_at: datetime

    @property
    def seq_range(self) -> ColumnElement[bool]:
        """The condition for the batch's range in the index of failures."""
        return index.c.seq.between(self.after_seq + 1, self.last_seq)

    @property
    def seqs(self) -> SeqRange:
        """The batch's range in the index of failures, as values."""
        return SeqRange(self.after_seq + 1, self.last_seq, self.size)

    @property
    def is_dense(self) -> bool:
        """Whether at least half of the range is in the batch: then reading the range is fastest."""
        return self.last_seq - self.after_seq <= 2 * self.size


def rows_of(operation: Operation) -> int:
    """Return the most rows of a batch of this operation."""
    return DELETED_ROWS if operation.counts_as == "deleted" else BATCH_ROWS


def left_behind(
    connection: Connection, operation: Operation, owner: str, now: datetime
) -> list[Batch]:
    """Give the claimed, unfinished batches to this owner, and return them.

    The owner calls this only while it runs no batch of the operation.
    """
    _held(connection, operation, owner)
    mine = and_(batches.c.operation == operation.id, batches.c.state == CLAIMED)
    connection.execute(update(batches).where(mine).values(owner=owner))
    rows = connection.execute(select(batches).where(mine).order_by(batches.c.number)).mappings()
    return _with_new_times(connection, operation, [batch_of(row) for row in rows], now)


def _with_new_times(
    connection: Connection, operation: Operation, left: list[Batch], now: datetime
) -> list[Batch]:
    """Return the batches with new times at the operation's rate, if their times are in the past.

    Otherwise all their jobs would start at once after a crash or a freeze.
    """
    if operation.rate is None:
        return left
    timed: list[Batch] = []
    for batch in left:
        before = timed[-1] if timed else None
        starts_at = max(batch.starts_at, _starts_at(operation, before, now))
        timed.append(replace(batch, starts_at=starts_at))
        if starts_at != batch.starts_at:
            one = and_(batches.c.operation == operation.id, batches.c.number == batch.number)
            connection.execute(update(batches).where(one).values(starts_at=starts_at))
    return timed


def claim(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    owner: str,
    now: datetime,
    rows: int,
    ahead: int = 1,
) -> list[Batch]:
    """Claim and return up to `ahead` batches of up to `rows` failures; empty if none remain.

    The first claim of an operation with a canary claims all batches of the canary. Claims must not
    run in parallel: two claims would choose the same batches, and one claim would fail. Raises
    `NotOurs` if this owner may not continue the operation.
    """
    fresh = _held(connection, operation, owner)
    before = _last(connection, operation.id)
    claimed: list[Batch] = []
    if fresh.canary and before is None:
        claimed = _canary(connection, queue, fresh, fresh.canary, now)
    elif before is not None and is_canary(fresh, before) and is_left(connection, fresh):
        # A batch of the canary failed or was interrupted. No other batch runs before its retry.
        return []
    else:
        while len(claimed) < ahead and (
            batch := _next(connection, queue, fresh, before, now, rows)
        ):
            claimed.append(batch)
            before = batch
    if claimed:
        states = {"state": CLAIMED, "owner": owner}
        connection.execute(insert(batches), [asdict(batch) | states for batch in claimed])
    return claimed


def _canary(
    connection: Connection, queue: Queue, operation: Operation, count: int, now: datetime
) -> list[Batch]:
    """Return one batch for each of the `count` failures that are retried first."""
    tried: list[Batch] = []
    for number, seq in enumerate(canary.first_seqs(connection, queue, operation, count), 1):
        starts_at = _starts_at(operation, tried[-1] if tried else None, now)
        tried.append(Batch(operation.id, number, seq - 1, seq, 1, starts_at))
    return tried


def is_canary(operation: Operation, batch: Batch) -> bool:
    """Return whether the batch belongs to the operation's canary; such a batch has one job."""
    return operation.canary is not None and batch.number <= operation.canary


def _next(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    before: Batch | None,
    now: datetime,
    rows: int,
) -> Batch | None:
    """Return the batch after `before`, or the first batch; None if no failures remain.

    The failures of the canary can be anywhere in the scope. Each later range excludes them.
    """
    most_bytes = DELETED_BYTES if operation.counts_as == "deleted" else BATCH_BYTES
    rows = min(rows, max(1, most_bytes * operation.total // max(1, operation.bytes)))
    if operation.scope.undo is not None:
        last = None if before is None else before.seqs
        seqs = undo_ranges.following(connection, queue, operation, last, now, rows, WIDEST)
        return None if seqs is None else _batch_of(operation, before, seqs, now)
    after = 0 if before is None or is_canary(operation, before) else before.last_seq
    tried = canary.seqs_of(connection, operation) if operation.canary else []
    within = and_(matching(operation.scope), index.c.seq > after, index.c.seq.not_in(tried))
    within = and_(within, index.c.seq <= operation.bound_seq)
    within_scope = select(index.c.seq).where(within).order_by(index.c.seq)
    first = connection.execute(within_scope.limit(1)).scalar()
    if first is None:
        return None
    end = min([first + WIDEST, *(seq for seq in tried if seq > first)])
    some = within_scope.where(index.c.seq < end).limit(rows).subquery()
    last, size = connection.execute(select(func.max(some.c.seq), func.count())).one()
    return _batch_of(operation, before, SeqRange(int(first), int(last), int(size)), now)


def _batch_of(operation: Operation, before: Batch | None, seqs: SeqRange, now: datetime) -> Batch:
    return Batch(
        operation=operation.id,
        number=1 if before is None else before.number + 1,
        # A lower start would make readers of the range read, and wait for, rows before it.
        after_seq=seqs.first - 1,
        last_seq=seqs.last,
        size=seqs.size,
        starts_at=_starts_at(operation, before, now),
    )


def _held(connection: Connection, operation: Operation, owner: str) -> Operation:
    # With a shared lock, running batches do not wait, but an end or a takeover waits.
    fresh = locked(connection, operation.id, shared=True)
    if fresh is None or not may_go_on(fresh, owner):
        raise NotOurs
    return fresh


def may_go_on(operation: Operation, owner: str) -> bool:
    """Return whether this owner may move the operation's rows.

    Only the owner of a running operation moves rows; the mutant `no_owner` proves it.
    """
    return operation.state == "running" and operation.owner == owner


def _last(connection: Connection, operation: int) -> Batch | None:
    every = select(batches).where(batches.c.operation == operation)
    newest = every.order_by(batches.c.number.desc()).limit(1)
    row = connection.execute(newest).mappings().first()
    return None if row is None else batch_of(row)


def batch_of(row: RowMapping) -> Batch:
    """Return the batch of a row of `batches`."""
    return Batch(**{name: row[name] for name in Batch.__dataclass_fields__})


def _starts_at(operation: Operation, before: Batch | None, now: datetime) -> datetime:
    """Return when the previous batch ends at the operation's rate, but not a time in the past."""
    if operation.rate is None or before is None:
        return now
    return max(now, before.starts_at + timedelta(minutes=before.size / operation.rate))


def close(
    connection: Connection,
    operation: Operation,
    batch: Batch,
    owner: str,
    values: dict[str, Any],
) -> None:
    """Mark the batch as done, once, and only while this owner owns the operation."""
    _held(connection, operation, owner)
    exactly(
        connection.execute(
            update(batches)
            .where(
                batches.c.operation == operation.id,
                batches.c.number == batch.number,
                batches.c.state == CLAIMED,
                batches.c.owner == owner,
            )
            .values(state=DONE, **values)
        ),
        1,
    )


def all_done(connection: Connection, operation: Operation, owner: str) -> bool:
    """Return whether this owner still owns the operation and no claimed batch is unfinished."""
    fresh = locked(connection, operation.id)
    return fresh is not None and may_go_on(fresh, owner) and not is_left(connection, operation)


def is_left(connection: Connection, operation: Operation) -> bool:
    """Return whether a claimed batch of the operation is unfinished."""
    waiting = select(batches.c.number).where(
        batches.c.operation == operation.id, batches.c.state == CLAIMED
    )
    return connection.execute(waiting.limit(1)).first() is not None
