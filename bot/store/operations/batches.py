"""The batches of a bulk change: claimed one after the other, carried out side by side.

A claim takes the next stretch of the scope and is committed at once, so that several can be at
work; the batch itself moves its rows, archive, index and incidents in one transaction, which also
says that it is done. A claim that a crash left behind is carried out by whoever has the operation
then. Failures that a batch moved name their operation, and a digest over them goes into the audit.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from bot.queue.moves import exactly
from bot.store.operations.operations import Operation, locked
from bot.store.operations.scopes import matching
from bot.store.tables import batches
from bot.store.tables import failures as index

BATCH_ROWS = 4_000
"""A worker with an empty queue waits from a batch's insert into `jobs` until its commit: 30 ms
at worst on two idle cores (MariaDB 10.11), more on a busy machine. With 1,000 rows it waits 14 ms,
and a quarter fewer rows a second are moved."""
UNDO_ROWS = 250
"""An undo holds the jobs that it takes back while it puts the failed ones in their place: a worker
that wants one of them waits so long."""
BATCH_BYTES = 16_000_000
"""Of failures that are larger than the usual few kB fewer go into a batch: workers wait for it, and
a batch that takes longer than a take-over would go from one replica to the other for ever."""
WIDEST = 10_000
"""A batch reads its stretch some times over, and locks what it reads: of a scope with failures
here and there it ends so far after its first. Nine of 100,000 had cost 0.2 s and 320,000 reads."""
CLAIMED, DONE = "claimed", "done"
ITEMS_KEPT = timedelta(days=29)
"""Failures that a batch moved are kept for 30 days; no bulk change takes longer than one."""


class NotOurs(Exception):
    """The operation is another replica's by now, or it does not run any more."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to `size` failures of an operation, those with a `seq` in (after_seq, last_seq].

    Where the operation has a rate its jobs may begin from `starts_at` on (naive UTC).
    """

    operation: int
    number: int
    after_seq: int
    last_seq: int
    size: int
    starts_at: datetime

    @property
    def stretch(self) -> ColumnElement[bool]:
        """The condition on the index of failures that it lies in."""
        return index.c.seq.between(self.after_seq + 1, self.last_seq)

    @property
    def is_dense(self) -> bool:
        """Whether most failures of its stretch are its own, so that a range is read the fastest."""
        return self.last_seq - self.after_seq <= 2 * self.size


def left_behind(
    connection: Connection, operation: Operation, owner: str, now: datetime
) -> list[Batch]:
    """The claims that were not carried out, now this owner's; asked while it has none at work."""
    _held(connection, operation, owner)
    mine = and_(batches.c.operation == operation.id, batches.c.state == CLAIMED)
    connection.execute(update(batches).where(mine).values(owner=owner))
    rows = connection.execute(select(batches).where(mine).order_by(batches.c.number)).mappings()
    return _timed_anew(connection, operation, [_batch(row) for row in rows], now)


def _timed_anew(
    connection: Connection, operation: Operation, left: list[Batch], now: datetime
) -> list[Batch]:
    """The same one after the other at the operation's rate, where their time is over by now.

    After a crash or a freeze all of their jobs would begin at once.
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
    operation: Operation,
    owner: str,
    now: datetime,
    rows: int,
    ahead: int = 1,
) -> list[Batch]:
    """The next batches of up to `rows` failures, at most `ahead`; none where nothing is left.

    One at a time: two that claim at once would claim the same, and one of them fail. Raises
    `NotOurs` where the operation is not this owner's to go on with.
    """
    fresh = _held(connection, operation, owner)
    before = _last(connection, operation.id)
    if fresh.canary and before is not None and before.number == 1 and _is_left(connection, fresh):
        # Its batch failed, or was left behind: nothing goes beside it when it is tried again.
        return []
    claimed: list[Batch] = []
    while len(claimed) < ahead and (batch := _next(connection, fresh, before, now, rows)):
        claimed.append(batch)
        before = batch
        if fresh.canary and batch.number == 1:
            break
    if claimed:
        states = {"state": CLAIMED, "owner": owner}
        connection.execute(insert(batches), [asdict(batch) | states for batch in claimed])
    return claimed


def _next(
    connection: Connection, operation: Operation, before: Batch | None, now: datetime, rows: int
) -> Batch | None:
    """The batch after this one, or the first."""
    after = 0 if before is None else before.last_seq
    if before is None and operation.canary:
        rows = min(rows, operation.canary)
    if operation.scope.undo is not None:
        rows = min(rows, UNDO_ROWS)
    rows = min(rows, max(1, BATCH_BYTES * operation.total // max(1, operation.bytes)))
    within = and_(
        matching(operation.scope), index.c.seq > after, index.c.seq <= operation.bound_seq
    )
    seqs = select(index.c.seq).where(within).order_by(index.c.seq)
    first = connection.execute(seqs.limit(1)).scalar()
    if first is None:
        return None
    # All that are tried first go together, wherever they lie.
    if before is not None or not operation.canary:
        seqs = seqs.where(index.c.seq < first + WIDEST)
    some = seqs.limit(rows).subquery()
    last, size = connection.execute(select(func.max(some.c.seq), func.count())).one()
    return Batch(
        operation=operation.id,
        number=1 if before is None else before.number + 1,
        # Whoever reads the stretch would else read, and wait for, all that lies before.
        after_seq=int(first) - 1,
        last_seq=int(last),
        size=int(size),
        starts_at=_starts_at(operation, before, now),
    )


def _held(connection: Connection, operation: Operation, owner: str) -> Operation:
    # Shared: the batches at work do not wait, but an end or a take-over does.
    fresh = locked(connection, operation.id, shared=True)
    if fresh is None or not may_go_on(fresh, owner):
        raise NotOurs
    return fresh


def may_go_on(operation: Operation, owner: str) -> bool:
    """Whether this owner may move the rows of the operation.

    Only the owner of a running operation moves rows; the mutant `no_owner` proves it.
    """
    return operation.state == "running" and operation.owner == owner


def _last(connection: Connection, operation: int) -> Batch | None:
    every = select(batches).where(batches.c.operation == operation)
    newest = every.order_by(batches.c.number.desc()).limit(1)
    row = connection.execute(newest).mappings().first()
    return None if row is None else _batch(row)


def _batch(row: RowMapping) -> Batch:
    return Batch(**{name: row[name] for name in Batch.__dataclass_fields__})


def _starts_at(operation: Operation, before: Batch | None, now: datetime) -> datetime:
    """Where the batch before ends at the operation's rate, but never in the past."""
    if operation.rate is None or before is None:
        return now
    return max(now, before.starts_at + timedelta(minutes=before.size / operation.rate))


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a batch that are still what they were: how many, between which ids, which."""

    rows: int
    lowest: int
    highest: int
    digest: str


def listed(rows: Any) -> Found:
    """These rows of the index, in the order of `seq`."""
    lines = "".join(f"{row.failed_id}:{row.row_digest}\n" for row in rows)
    ids = [row.failed_id for row in rows]
    digest = hashlib.sha256(lines.encode()).hexdigest()
    return Found(len(ids), min(ids, default=0), max(ids, default=0), digest)


def close(
    connection: Connection,
    operation: Operation,
    batch: Batch,
    owner: str,
    values: dict[str, Any],
) -> None:
    """Say that the batch is done, once, and only while the operation is this owner's."""
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
    """Whether the operation is still this owner's and no claim of it waits to be carried out."""
    fresh = locked(connection, operation.id)
    return fresh is not None and may_go_on(fresh, owner) and not _is_left(connection, operation)


def _is_left(connection: Connection, operation: Operation) -> bool:
    """Whether a claim waits to be carried out."""
    waiting = select(batches.c.number).where(
        batches.c.operation == operation.id, batches.c.state == CLAIMED
    )
    return connection.execute(waiting.limit(1)).first() is not None


def digest_of(connection: Connection, operation: int) -> str:
    """One digest over those of the operation's batches, for the audit; empty where it has none."""
    query = select(batches.c.number, batches.c.digest).where(
        batches.c.operation == operation, batches.c.state == DONE
    )
    return _whole(connection.execute(query.order_by(batches.c.number)))


def _whole(parts: Any) -> str:
    lines = "".join(f"{number}:{digest}\n" for number, digest in parts)
    return hashlib.sha256(lines.encode()).hexdigest() if lines else ""


def items_digest(connection: Connection, operation: int) -> str:
    """The same digest, made anew from the failures that it took, or put back as an undo."""
    named = or_(index.c.operation == operation, index.c.restored_by == operation)
    done = select(batches).where(batches.c.operation == operation, batches.c.state == DONE)
    parts = []
    for row in connection.execute(done.order_by(batches.c.number)).mappings().all():
        batch = _batch(row)
        items = select(index.c.failed_id, index.c.row_digest).where(batch.stretch, named)
        rows = connection.execute(items.order_by(index.c.seq)).all()
        parts.append((batch.number, listed(rows).digest))
    return _whole(parts)
