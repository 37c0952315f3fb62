"""Probe a queue: read some ids at both ends, by the index on its name and nothing else.

Workers take the lowest available ids and new jobs get the highest, so that what they hold and what
has waited longest is at an end. The number of rows is bounded; `QueueProbe.whole` says whether the
probe read all of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from bot.database.transactions import TooSlow, bounded
from bot.queue.layouts import Queue

HEAD_ROWS = 2_000
LEAST_ROWS = 100
TAIL_SHARE = 4
"""Of the newest ids a quarter as many are looked at as of the lowest: workers hold few of them."""
DEEP_ROWS = 10_000
"""How many of the lowest ids are looked at where among the first of them no job is available."""
STATEMENT_SECONDS = 0.5
DEEP_SECONDS = 0.06
PASS_ROWS = 16_000
"""How many ids a pass looks at in all queues together, but for deep ones: about 30 ms."""
LONGEST = 3


@dataclass(frozen=True, slots=True)
class QueueProbe:
    """What is seen of a queue; times are unix seconds.

    `whole`: every job of it was looked at, so that the counts are exact; else they are lower
    bounds. `first_id` is the lowest available id; `oldest_at` is since when the oldest available
    job could have been taken. `held` counts jobs that a worker has had for too long, `longest` are
    the `reserved_at` and the ids of the first of those.
    """

    queue: str
    whole: bool = True
    available: int = 0
    first_id: int | None = None
    oldest_at: int | None = None
    reserved: int = 0
    oldest_reserved_at: int | None = None
    newest_reserved_at: int | None = None
    held: int = 0
    longest: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """How far a probe goes: at `now` (naive UTC) a job reserved for `held_seconds` is held.

    `rows` is of the lowest ids, `seconds` what a statement may take.
    """

    now: datetime
    held_seconds: int
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
    column = queue.jobs_layout.queue
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
    available: int = 0
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
        if not ends[0].available:
            ends[0] = _deeper(connection, queue, name, limits, ends[0])
        high = _End(max(1, limits.rows // TAIL_SHARE), ends[0].last_id)
        ends.append(_scan_end(connection, queue, name, limits, high))
    held = sum(end.held for end in ends)
    return QueueProbe(
        queue=name,
        whole=ends[-1].scanned < ends[-1].limit,
        available=sum(end.available for end in ends),
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


def is_still_available(
    connection: Connection, queue: Queue, name: str, id_: int, now: datetime
) -> bool:
    """Whether this job of the queue is still there and may be taken; one look-up by its id."""
    jobs = queue.jobs_layout
    query = select(jobs.id).where(jobs.id == id_, jobs.queue == name, jobs.is_available(now))
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
    jobs, ids = queue.jobs_layout, _ids(queue, name, end).subquery()
    available, reserved_at = jobs.is_available(limits.now), jobs.reserved_at
    held = jobs.is_reserved_for(limits.held_seconds, limits.now)
    summed = select(
        func.count().label("scanned"),
        func.max(jobs.id).label("last_id"),
        func.count(case((available, 1))).label("available"),
        func.min(case((available, jobs.id))).label("first_id"),
        func.min(case((available, jobs.available_since()))).label("oldest_at"),
        func.count(case((jobs.is_reserved(), 1))).label("reserved"),
        func.min(reserved_at).label("oldest_reserved_at"),
        func.max(reserved_at).label("newest_reserved_at"),
        func.count(case((held, 1))).label("held"),
    ).join_from(ids, queue.jobs, jobs.id == ids.c.id)
    row = bounded(connection, summed, limits.seconds).mappings().one()
    return _End(end.limit, end.above, **row)


def _ids(queue: Queue, name: str, end: _End) -> Select[Any]:
    """The ids of an end, which the index on the name has in order."""
    jobs = queue.jobs_layout
    query = select(jobs.id).where(jobs.queue == name).limit(end.limit)
    if end.above is None:
        return query.order_by(jobs.id)
    return query.where(jobs.id > end.above).order_by(jobs.id.desc())


def _longest(
    connection: Connection, queue: Queue, name: str, limits: ProbeLimits, ends: Sequence[_End]
) -> tuple[tuple[int, int], ...]:
    """The first of those that are held for too long, from all ends."""
    jobs = queue.jobs_layout
    rows: list[tuple[int, int]] = []
    for end in ends:
        ids = _ids(queue, name, end).subquery()
        query = (
            select(jobs.reserved_at, jobs.id)
            .join_from(ids, queue.jobs, jobs.id == ids.c.id)
            .where(jobs.is_reserved_for(limits.held_seconds, limits.now))
            .order_by(*jobs.reservation_order())
            .limit(LONGEST)
        )
        held = bounded(connection, query, limits.seconds).all() if end.held else []
        rows += [(reserved_at, id_) for reserved_at, id_ in held]
    return tuple(sorted(rows)[:LONGEST])
