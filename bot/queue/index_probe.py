"""Probe a queue: read some ids at both ends, by the index on its name and nothing else.

Workers take the lowest eligible ids and new jobs get the highest, so that what they hold and what
has waited longest is at an end. The number of rows is bounded; `QueueProbe.whole` says whether the
probe read all of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select

from bot.database.transactions import TooSlow, bounded
from bot.queue.layouts import Queue

HEAD_ROWS = 2_000
LEAST_ROWS = 100
TAIL_SHARE = 4
"""Of the newest ids a quarter as many are looked at as of the lowest: workers hold few of them."""
DEEP_ROWS = 10_000
"""How many of the lowest ids are looked at where among the first of them no job is eligible."""
STATEMENT_SECONDS = 0.5
DEEP_SECONDS = 0.06
PASS_ROWS = 16_000
"""How many ids a pass looks at in all queues together, but for deep ones: about 30 ms."""
LONGEST = 3


@dataclass(frozen=True, slots=True)
class QueueProbe:
    """What is seen of a queue; times are unix seconds.

    `whole`: every job of it was looked at, so that the counts are exact; else they are lower
    bounds. `first_id` is the lowest eligible id; `oldest_at` is since when the oldest eligible job
    could have been taken. `held` counts jobs that a worker has had for too long, `longest` are the
    `reserved_at` and the ids of the first of those.
    """

    queue: str
    whole: bool = True
    eligible: int = 0
    first_id: int | None = None
    oldest_at: int | None = None
    reserved: int = 0
    oldest_reserved_at: int | None = None
    newest_reserved_at: int | None = None
    held: int = 0
    longest: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """How far a probe goes: at moment `now` held is what is reserved since `held_from` or before.

    Both are unix seconds; `rows` is of the lowest ids, `seconds` what a statement may take.
    """

    now: int
    held_from: int
    rows: int
    seconds: float = STATEMENT_SECONDS


def rows_each(queues: int) -> int:
    """How many of the lowest ids a pass looks at in each of so many queues."""
    return min(HEAD_ROWS, max(LEAST_ROWS, PASS_ROWS // max(1, queues)))


def names(
    connection: Connection, queue: Queue, seconds: float = STATEMENT_SECONDS
) -> Iterator[str]:
    """The names of the queues that have jobs, one look-up each; raises `TooSlow`.

    `seconds` is what a look-up may take. `SELECT DISTINCT` may read the whole index, which takes a
    second for three million jobs.
    """
    column = queue.jobs.c.queue
    query = select(func.min(column))
    while (name := bounded(connection, query, seconds).scalar()) is not None:
        yield name
        query = select(func.min(column)).where(column > name)


@dataclass(frozen=True, slots=True)
class _End:
    """What is among `limit` of the lowest ids or, above the id `above`, of the highest."""

    limit: int = 0
    above: int | None = None
    scanned: int = 0
    last_id: int | None = None
    eligible: int = 0
    first_id: int | None = None
    oldest_at: int | None = None
    reserved: int = 0
    oldest_reserved_at: int | None = None
    newest_reserved_at: int | None = None
    held: int = 0


def probe_queue(connection: Connection, queue: Queue, name: str, limits: ProbeLimits) -> QueueProbe:
    """What is seen of one queue; raises `TooSlow`."""
    ends = [_scan_end(connection, queue, name, limits, _End(limits.rows))]
    if ends[0].scanned == ends[0].limit:
        if not ends[0].eligible:
            ends[0] = _deeper(connection, queue, name, limits, ends[0])
        high = _End(max(1, limits.rows // TAIL_SHARE), ends[0].last_id)
        ends.append(_scan_end(connection, queue, name, limits, high))
    held = sum(end.held for end in ends)
    return QueueProbe(
        queue=name,
        whole=ends[-1].scanned < ends[-1].limit,
        eligible=sum(end.eligible for end in ends),
        first_id=_among(min, (end.first_id for end in ends)),
        oldest_at=_among(min, (end.oldest_at for end in ends)),
        reserved=sum(end.reserved for end in ends),
        oldest_reserved_at=_among(min, (end.oldest_reserved_at for end in ends)),
        newest_reserved_at=_among(max, (end.newest_reserved_at for end in ends)),
        held=held,
        longest=_longest(connection, queue, name, limits, ends) if held else (),
    )


def _among(which: Callable[..., int], values: Iterable[int | None]) -> int | None:
    present = [value for value in values if value is not None]
    return which(present) if present else None


def still_eligible(connection: Connection, queue: Queue, name: str, id_: int, now: int) -> bool:
    """Whether this job of the queue is still there and may be taken; one look-up by its id."""
    c = queue.jobs.c
    query = select(c.id).where(c.id == id_, c.queue == name, _eligible(queue, now))
    return connection.execute(query).first() is not None


def _deeper(
    connection: Connection, queue: Queue, name: str, limits: ProbeLimits, low: _End
) -> _End:
    """More of the lowest ids, as far as that is done in time.

    All that was looked at is delayed or reserved, as after a paced retry: what waits is behind.
    """
    try:
        return _scan_end(
            connection, queue, name, replace(limits, seconds=DEEP_SECONDS), _End(DEEP_ROWS)
        )
    except TooSlow:
        return low


def _scan_end(
    connection: Connection, queue: Queue, name: str, limits: ProbeLimits, end: _End
) -> _End:
    """One end of a queue, summed up in the server."""
    c, ids = queue.jobs.c, _ids(queue, name, end).subquery()
    eligible, reserved = _eligible(queue, limits.now), c.reserved_at.is_not(None)
    since = case((c.created_at > c.available_at, c.created_at), else_=c.available_at)
    summed = select(
        func.count().label("scanned"),
        func.max(c.id).label("last_id"),
        func.count(case((eligible, 1))).label("eligible"),
        func.min(case((eligible, c.id))).label("first_id"),
        func.min(case((eligible, since))).label("oldest_at"),
        func.count(case((reserved, 1))).label("reserved"),
        func.min(c.reserved_at).label("oldest_reserved_at"),
        func.max(c.reserved_at).label("newest_reserved_at"),
        func.count(case((c.reserved_at <= limits.held_from, 1))).label("held"),
    ).join_from(ids, queue.jobs, c.id == ids.c.id)
    row = bounded(connection, summed, limits.seconds).mappings().one()
    return _End(end.limit, end.above, **row)


def _ids(queue: Queue, name: str, end: _End) -> Select[Any]:
    """The ids of an end, which the index on the name has in order."""
    c = queue.jobs.c
    query = select(c.id).where(c.queue == name).limit(end.limit)
    if end.above is None:
        return query.order_by(c.id)
    return query.where(c.id > end.above).order_by(c.id.desc())


def _eligible(queue: Queue, now: int) -> ColumnElement[bool]:
    return and_(queue.jobs.c.reserved_at.is_(None), queue.jobs.c.available_at <= now)


def _longest(
    connection: Connection, queue: Queue, name: str, limits: ProbeLimits, ends: Sequence[_End]
) -> tuple[tuple[int, int], ...]:
    """The first of those that are held for too long, from all ends."""
    c = queue.jobs.c
    rows: list[Any] = []
    for end in ends:
        ids = _ids(queue, name, end).subquery()
        query = (
            select(c.reserved_at, c.id)
            .join_from(ids, queue.jobs, c.id == ids.c.id)
            .where(c.reserved_at <= limits.held_from)
            .order_by(c.reserved_at, c.id)
            .limit(LONGEST)
        )
        rows += bounded(connection, query, limits.seconds).all() if end.held else []
    return tuple((row.reserved_at, row.id) for row in sorted(rows)[:LONGEST])
