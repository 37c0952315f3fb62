"""Find work that a bulk retry may repeat: orders that are queued, or processed since the failure.

Each read has a limit of rows and a time limit. None means that the read exceeded its time.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from bot.database.transactions import TooSlow, bounded_until, time_limit
from bot.models.operations import Duplicates
from bot.queue.layouts import Queue
from bot.queue.layouts.rows import as_text
from bot.queue.reads import PAYLOAD_HEAD
from bot.store.operations.retries.tracked_jobs import PROCESSED
from bot.store.tables import failures, tracked_jobs

JOBS = 5_000
"""At most this many of the newest jobs are read: 0.1 s with payloads of 400 B, mostly in Python."""
FAILURES = 10_000
"""The number of the scope's newest failures that are compared with each other."""
PROCESSED_ROWS = 2_000
"""The number of newest processed retried jobs that are read."""
SECONDS = 0.5
SAMPLES = 5
ORDERS_AT_ONCE = 1_000

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class _BoundedReads:
    """Reads with one shared deadline, a value of `monotonic()`."""

    connection: Connection
    until: float

    def at(self, statement: Any) -> Any:
        """Return the result of the statement; raises `TooSlow`."""
        return bounded_until(self.connection, statement, self.until)


def find(
    connection: Connection,
    queue: Queue,
    within: Condition,
    name: str | None = None,
    seconds: float = SECONDS,
) -> Duplicates:
    """Return likely duplicates among the failures that match `within`, in one or in all queues.

    All reads together take at most `seconds`.
    """
    reads = _BoundedReads(connection, time_limit(connection, seconds))
    queued = _queued(reads, queue, within, name)
    identical = _identical(reads, within)
    later = _processed_later(reads, within)
    return Duplicates(
        queued=None if queued is None else queued[0],
        queued_orders=() if queued is None else queued[1],
        identical=None if identical is None else identical[0],
        processed_later=None if later is None else later[0],
        processed_orders=() if later is None else later[1],
        bounded=any(part is None or part[-1] for part in (queued, identical, later)),
    )


def _queued(
    reads: _BoundedReads, queue: Queue, within: Condition, name: str | None
) -> tuple[int, tuple[str, ...], bool] | None:
    """Count the failures whose order has a job in the failure's queue now."""
    layout = queue.jobs_layout
    newest = select(layout.queue, layout.payload_head(PAYLOAD_HEAD)).where(layout.is_unfinished())
    if name is not None:
        newest = newest.where(layout.is_in_queue(name))
    try:
        jobs = reads.at(newest.order_by(layout.id.desc()).limit(JOBS)).all()
    except TooSlow:
        return None
    orders: dict[str, set[str]] = defaultdict(set)
    for of_queue, head in jobs:
        identity = queue.identify(head)
        if identity.order_id is not None:
            orders[queue.mask(as_text(of_queue))].add(str(identity.order_id)[:64])
    count, samples = 0, list[str]()
    for of_queue, queued_orders in sorted(orders.items()):
        for part in _pieces(sorted(queued_orders)):
            condition = and_(within, failures.c.queue == of_queue, failures.c.order_id.in_(part))
            counted = _counted(reads, condition)
            if counted is None:
                return None
            count += counted[0]
            samples += counted[1]
    return count, tuple(samples[:SAMPLES]), len(jobs) == JOBS


def _pieces(values: list[str]) -> Iterable[list[str]]:
    return (values[at : at + ORDERS_AT_ONCE] for at in range(0, len(values), ORDERS_AT_ONCE))


def _counted(reads: _BoundedReads, condition: Condition) -> tuple[int, list[str]] | None:
    by_order = select(failures.c.order_id, func.count()).where(condition)
    try:
        rows = reads.at(by_order.group_by(failures.c.order_id)).all()
    except TooSlow:
        return None
    return sum(count for _, count in rows), [order for order, _ in rows[:SAMPLES]]


def _identical(reads: _BoundedReads, within: Condition) -> tuple[int, bool] | None:
    """Count failures whose queue and payload equal those of another failure of the scope."""
    c = failures.c
    newest = (
        select(c.queue, c.payload_digest).where(within).order_by(c.seq.desc()).limit(FAILURES)
    ).subquery()
    groups = (
        select(func.count().label("rows"))
        .select_from(newest)
        .group_by(newest.c.payload_digest, newest.c.queue)
    ).subquery()
    rows = groups.c.rows
    sums = select(func.sum(case((rows > 1, rows), else_=0)), func.sum(rows))
    try:
        count, total = reads.at(sums).one()
    except TooSlow:
        return None
    return int(count or 0), total == FAILURES


def _processed_later(
    reads: _BoundedReads, within: Condition
) -> tuple[int, tuple[str, ...], bool] | None:
    """Count the failures whose order a retried job processed after the failure."""
    w, f = tracked_jobs.c, failures.c
    done: Any = (
        select(w.order_id, w.queue, w.settled_at)
        .where(w.state == PROCESSED, w.order_id.is_not(None))
        .order_by(w.settled_at.desc())
        .limit(PROCESSED_ROWS)
    ).subquery()
    # The join starts with the few processed jobs and reads the failures of their orders.
    later = and_(
        f.order_id == done.c.order_id, f.queue == done.c.queue, f.seen_at < done.c.settled_at
    )
    by_order = select(f.order_id, func.count(f.seq.distinct())).select_from(done)
    counted = by_order.join(failures, later).where(within).group_by(f.order_id)
    try:
        rows = reads.at(counted).all()
        limited = reads.at(select(func.count()).select_from(done)).scalar()
    except TooSlow:
        return None
    return (
        sum(count for _, count in rows),
        tuple(order for order, _ in rows[:SAMPLES]),
        limited == PROCESSED_ROWS,
    )
