"""What a retry of many may do twice: orders that are queued already, or went through since.

Every look is bounded in rows and time, and says so; what could not be told in time is None.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from bot.database.transactions import TooSlow, bounded_until, time_limit
from bot.fingerprint.payload import identify
from bot.models.operations import Duplicates
from bot.queue.layouts import Queue
from bot.queue.reads import PAYLOAD_HEAD
from bot.store.operations.retries.tracked_jobs import PROCESSED
from bot.store.tables import failures, tracked_jobs

JOBS = 5_000
"""The newest jobs whose orders are read: 0.1 s, most of it in Python, at 400 B of payload."""
FAILURES = 10_000
"""The newest failures of the scope that are compared with each other."""
PROCESSED_ROWS = 2_000
"""The newest retried jobs that were processed."""
SECONDS = 0.5
SAMPLES = 5
ORDERS_AT_ONCE = 1_000

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class _Look:
    """Reads that all end at one moment of `monotonic()`."""

    connection: Connection
    until: float

    def at(self, statement: Any) -> Any:
        """What the statement returns; raises `TooSlow`."""
        return bounded_until(self.connection, statement, self.until)


def find(
    connection: Connection,
    queue: Queue,
    within: Condition,
    name: str | None = None,
    seconds: float = SECONDS,
) -> Duplicates:
    """Likely duplicates among the failures for which `within` holds, of one queue or of all.

    It takes `seconds` at most.
    """
    look = _Look(connection, time_limit(connection, seconds))
    queued = _queued(look, queue, within, name)
    identical = _identical(look, within)
    later = _processed_later(look, within)
    return Duplicates(
        queued=None if queued is None else queued[0],
        queued_orders=() if queued is None else queued[1],
        identical=None if identical is None else identical[0],
        processed_later=None if later is None else later[0],
        processed_orders=() if later is None else later[1],
        bounded=any(part is None or part[-1] for part in (queued, identical, later)),
    )


def _queued(
    look: _Look, queue: Queue, within: Condition, name: str | None
) -> tuple[int, tuple[str, ...], bool] | None:
    """How many of the failures are of an order that has a job in the same queue now."""
    layout = queue.jobs_layout
    newest = select(layout.queue, layout.payload_head(PAYLOAD_HEAD))
    if name is not None:
        newest = newest.where(layout.queue == name)
    try:
        jobs = look.at(newest.order_by(layout.id.desc()).limit(JOBS)).all()
    except TooSlow:
        return None
    orders: dict[str, set[str]] = defaultdict(set)
    for of_queue, head in jobs:
        said = identify(head, order_paths=queue.order_paths, tienda_paths=())
        if said.order_id is not None:
            orders[of_queue].add(str(said.order_id)[:64])
    count, samples = 0, list[str]()
    for of_queue, every in sorted(orders.items()):
        for some in _pieces(sorted(every)):
            wanted = and_(within, failures.c.queue == of_queue, failures.c.order_id.in_(some))
            found = _counted(look, wanted)
            if found is None:
                return None
            count += found[0]
            samples += found[1]
    return count, tuple(samples[:SAMPLES]), len(jobs) == JOBS


def _pieces(values: list[str]) -> Iterable[list[str]]:
    return (values[at : at + ORDERS_AT_ONCE] for at in range(0, len(values), ORDERS_AT_ONCE))


def _counted(look: _Look, wanted: Condition) -> tuple[int, list[str]] | None:
    by_order = select(failures.c.order_id, func.count()).where(wanted)
    try:
        rows = look.at(by_order.group_by(failures.c.order_id)).all()
    except TooSlow:
        return None
    return sum(count for _, count in rows), [order for order, _ in rows[:SAMPLES]]


def _identical(look: _Look, within: Condition) -> tuple[int, bool] | None:
    """How many failures share their queue and payload with another one that is meant."""
    c = failures.c
    newest = (
        select(c.queue, c.payload_digest).where(within).order_by(c.seq.desc()).limit(FAILURES)
    ).subquery()
    alike = (
        select(func.count().label("rows"))
        .select_from(newest)
        .group_by(newest.c.payload_digest, newest.c.queue)
    ).subquery()
    rows = alike.c.rows
    sums = select(func.sum(case((rows > 1, rows), else_=0)), func.sum(rows))
    try:
        count, every = look.at(sums).one()
    except TooSlow:
        return None
    return int(count or 0), every == FAILURES


def _processed_later(look: _Look, within: Condition) -> tuple[int, tuple[str, ...], bool] | None:
    """How many failures are of an order that a retried job went through with after they failed."""
    w, f = tracked_jobs.c, failures.c
    done: Any = (
        select(w.order_id, w.queue, w.settled_at)
        .where(w.state == PROCESSED, w.order_id.is_not(None))
        .order_by(w.settled_at.desc())
        .limit(PROCESSED_ROWS)
    ).subquery()
    # From the few that were processed to their failures, each by its order.
    later = and_(
        f.order_id == done.c.order_id, f.queue == done.c.queue, f.seen_at < done.c.settled_at
    )
    chosen = select(f.order_id, func.count(f.seq.distinct())).select_from(done)
    counted = chosen.join(failures, later).where(within).group_by(f.order_id)
    try:
        rows = look.at(counted).all()
        limited = look.at(select(func.count()).select_from(done)).scalar()
    except TooSlow:
        return None
    return (
        sum(count for _, count in rows),
        tuple(order for order, _ in rows[:SAMPLES]),
        limited == PROCESSED_ROWS,
    )
