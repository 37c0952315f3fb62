"""The ranges of failures that the batches of a bulk undo restore, from the newest to the oldest.

Workers take the jobs with the lowest ids first. An undo in the order of workers would lock the next
jobs of a waiting worker again and again.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from bot.store.operations.operations import Operation
from bot.store.operations.scopes import matching
from bot.store.tables import batches, failures

UNDO_ROWS = 1_000
"""An undo locks the jobs that it removes until it has restored the failed jobs. A worker that wants
one of these jobs waits until the commit."""


@dataclass(frozen=True, slots=True)
class SeqRange:
    """A range of `seq`, from `first` to `last`, with `size` failures of the undo."""

    first: int
    last: int
    size: int


def following(
    connection: Connection, operation: Operation, before: SeqRange | None, rows: int, widest: int
) -> SeqRange | None:
    """Return up to `rows` of the newest failures that no batch of the undo has claimed, or None.

    `before` is the range of the last batch; None if there is no batch yet. The range spans at most
    `widest` values of `seq`.
    """
    seq = failures.c.seq
    if before is None:
        return _newest(connection, operation, seq <= operation.bound_seq, rows, widest)
    older = _newest(connection, operation, seq < before.first, rows, widest)
    if older is not None:
        return older
    # Version 0.2.0 of the bot began with the oldest failures; an upgrade may interrupt its undo.
    claimed = select(func.max(batches.c.last_seq)).where(batches.c.operation == operation.id)
    highest = connection.execute(claimed).scalar()
    if highest is None:
        return None
    above = seq.between(max(highest, before.last) + 1, operation.bound_seq)
    return _newest(connection, operation, above, rows, widest)


def _newest(
    connection: Connection,
    operation: Operation,
    within: ColumnElement[bool],
    rows: int,
    widest: int,
) -> SeqRange | None:
    seq = failures.c.seq
    seqs = select(seq).where(matching(operation.scope), within).order_by(seq.desc())
    last = connection.execute(seqs.limit(1)).scalar()
    if last is None:
        return None
    some = seqs.where(seq > last - widest).limit(min(rows, UNDO_ROWS)).subquery()
    first, size = connection.execute(select(func.min(some.c.seq), func.count())).one()
    return SeqRange(int(first), int(last), int(size))
