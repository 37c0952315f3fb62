"""The ranges of failures that the batches of a bulk undo restore, from the newest to the oldest.

Workers take the jobs with the lowest ids first. An undo in the order of workers would lock the next
jobs of a waiting worker again and again. When the undo reaches the jobs that workers take now, its
batches become small, so that a worker waits for few rows.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    func,
    literal,
    select,
    union_all,
)

from bot.database.transactions import TooSlow, bounded
from bot.queue.layouts import Queue
from bot.store.operations.operations import Operation
from bot.store.operations.scopes import matching
from bot.store.tables import batches, failures

NEAR_ROWS, NEAR = 100, 4_000
"""A batch has 100 rows if the oldest available job of a queue is at most 4,000 ids below its jobs:
a worker takes this job next. With batches of 1,000 rows, the worker waited for up to 0.25 s."""
MOST_QUEUES = 20
NEAR_SECONDS = 0.02
"""The limit of the search for the oldest available job, which needs an index on the queue."""


@dataclass(frozen=True, slots=True)
class SeqRange:
    """A range of `seq`, from `first` to `last`, with `size` failures of the undo."""

    first: int
    last: int
    size: int


def following(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    before: SeqRange | None,
    now: datetime,
    rows: int,
    widest: int,
) -> SeqRange | None:
    """Return up to `rows` of the newest failures that no batch of the undo has claimed, or None.

    `before` is the range of the last batch; None if there is no batch yet. The range spans at most
    `widest` values of `seq`.
    """
    seq = failures.c.seq
    highest_seq = operation.bound_seq if before is None else before.first
    is_near = _is_near_workers(connection, queue, operation.scope.undo, highest_seq, now)
    if is_near:
        rows = min(rows, NEAR_ROWS)
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


def _is_near_workers(
    connection: Connection, queue: Queue, undone: int | None, highest_seq: int, now: datetime
) -> bool:
    """Return whether workers of any queue now take the jobs that the undo deletes next.

    The jobs of a retry's batch have another order than the failures, so all its jobs are next.
    """
    s, f, jobs = batches.c, failures.c, queue.jobs_layout
    retried = select(func.min(s.first_job_id), func.max(s.last_job_id)).where(
        s.operation == undone, s.after_seq < highest_seq, s.last_seq > highest_seq - NEAR
    )
    first_id, last_id = connection.execute(retried).one()
    if first_id is None:
        return False  # the undone operation created no jobs
    next_failures = and_(f.seq.between(highest_seq - NEAR, highest_seq), f.operation == undone)
    names = select(f.queue).where(next_failures).distinct().limit(MOST_QUEUES)
    # A claimed job may stay for hours. The oldest job that a worker may take is the next.
    near, below = jobs.id.between(first_id - NEAR, last_id), jobs.id < first_id - NEAR
    next_jobs: list[Select[*tuple[Any, ...]]] = []
    for name in connection.execute(names).scalars():
        available = and_(jobs.is_in_queue(name), jobs.is_available(now))
        is_next = exists(select(jobs.id).where(available, near))
        next_jobs.append(
            select(literal(1)).where(is_next, ~exists(select(jobs.id).where(available, below)))
        )
    if not next_jobs:
        return False
    try:
        return bounded(connection, union_all(*next_jobs), NEAR_SECONDS).first() is not None
    except TooSlow:
        return False


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
    some = seqs.where(seq > last - widest).limit(rows).subquery()
    first, size = connection.execute(select(func.min(some.c.seq), func.count())).one()
    return SeqRange(int(first), int(last), int(size))
