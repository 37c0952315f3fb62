"""Probe a queue: read some ids at both ends, only by the index on the queue's name.

Workers take the lowest available ids and new jobs get the highest ids. So the reserved jobs and the
oldest waiting jobs are at the ends. A probe reads a bounded number of rows; `QueueProbe.whole` is
True if the probe read every row of the queue.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, literal, or_, select

from bot.database.dialects import stored_bytes, utf8mb4
from bot.database.transactions import TooSlow, bounded
from bot.queue.layouts import Queue
from bot.queue.layouts.rows import as_number

Condition = ColumnElement[bool]

HEAD_ROWS = 2_000
LEAST_ROWS = 100
TAIL_SHARE = 4
"""A probe reads a quarter as many of the highest ids, because workers hold few of these jobs."""
DEEP_ROWS = 10_000
"""How many of the lowest ids a probe reads if the first ids contain no available job."""
STATEMENT_SECONDS = 0.5
DEEP_SECONDS = 0.06
PASS_ROWS = 16_000
"""How many ids a check reads in all queues together, which takes about 30 ms.

The ids of deep reads (`DEEP_ROWS`) are not included.
"""
LONGEST = 3


@dataclass(frozen=True, slots=True)
class QueueProbe:
    """The result of probing a queue; times are unix seconds.

    `whole`: the probe read every job, so the counts are exact; otherwise the counts are lower
    bounds. `first_id` is the lowest available id. `oldest_at` is when the oldest available job
    became available. `held` counts stuck jobs, which a worker has had for too long. `longest` has
    the `reserved_at` and the id of the stuck jobs that were reserved first.
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
    """The limits of a probe at `now` (naive UTC): a job is stuck after `held_seconds`.

    `rows` is the number of lowest ids to read, `seconds` the time limit of each statement.
    """

    now: datetime
    held_seconds: int
    rows: int
    seconds: float = STATEMENT_SECONDS


def rows_each(queues: int) -> int:
    """Return how many of the lowest ids a check reads in each of `queues` queues."""
    return min(HEAD_ROWS, max(LEAST_ROWS, PASS_ROWS // max(1, queues)))


def names(
    connection: Connection,
    queue: Queue,
    seconds: float = STATEMENT_SECONDS,
    beyond: str | None = None,
) -> Iterator[str]:
    """Yield the names of the queues that have jobs; raises `TooSlow`.

    With `beyond`, yield only the names after this name. Each name takes one look-up with a time
    limit of `seconds`. `SELECT DISTINCT` is not used, because it may read the whole index: 1 s for
    three million jobs. A job whose queue is NULL or bytes is in no queue; SQLite can store such
    values.
    """
    column = queue.jobs_layout.queue
    first = func.min(column)
    query = select(first, stored_bytes(first))
    if beyond is not None:
        query = query.where(column > beyond)
    while True:
        name, stored = bounded(connection, query, seconds).one()
        # SQLite sorts bytes after every text.
        if not isinstance(name, str):
            return
        yield queue.mask(name)
        # A name that is not UTF-8 was read with replacement characters, and the name as read sorts
        # before the stored name.
        after = utf8mb4(literal(stored)) if isinstance(stored, bytes) else stored
        query = select(first, stored_bytes(first)).where(column > after)


def is_quiet(connection: Connection, queue: Queue, now: datetime, seconds: float) -> bool:
    """Return whether the table has only delayed jobs or no jobs; runs one bounded statement.

    A table with more jobs than a check may read is not quiet. Raises `TooSlow`.
    """
    jobs = queue.jobs_layout
    columns = (
        jobs.id,
        jobs.is_available(now).label("available"),
        jobs.is_reserved(now).label("held"),
    )
    first = select(*columns).limit(PASS_ROWS).subquery().c
    moving = func.count(case((or_(first.available, first.held), 1)))
    row = bounded(connection, select(func.count(first.id), moving), seconds).one()
    return bool(row[0] < PASS_ROWS and not row[1])


@dataclass(frozen=True, slots=True)
class _End:
    """The sums over the `limit` lowest ids or, with `above`, over the highest ids above `above`."""

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
    """Probe one queue; raises `TooSlow`."""
    which = queue.jobs_layout.unfinished_in(connection, name, limits.seconds)
    ends = [_scan_end(connection, queue, which, limits, _End(limits.rows))]
    if ends[0].scanned == ends[0].limit:
        if not ends[0].available:
            ends[0] = _deeper(connection, queue, which, limits, ends[0])
        high = _End(max(1, limits.rows // TAIL_SHARE), ends[0].last_id)
        ends.append(_scan_end(connection, queue, which, limits, high))
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
        longest=_longest(connection, queue, which, limits, ends) if held else (),
    )


def _among(which: Callable[..., int], values: Iterable[int | None]) -> int | None:
    present = [value for value in values if value is not None]
    return which(present) if present else None


def is_still_available(
    connection: Connection, queue: Queue, name: str, id_: int, now: datetime
) -> bool:
    """Whether this job of the queue still exists and is available; one look-up by its id."""
    jobs = queue.jobs_layout
    query = select(jobs.id).where(jobs.id == id_, jobs.is_in_queue(name), jobs.is_available(now))
    return connection.execute(query).first() is not None


def _deeper(
    connection: Connection, queue: Queue, which: Condition, limits: ProbeLimits, low: _End
) -> _End:
    """Read more of the lowest ids, or return `low` if the read takes too long.

    The jobs with the first ids are all delayed or reserved, for example after a retry with a rate.
    The available jobs have higher ids.
    """
    try:
        return _scan_end(
            connection, queue, which, replace(limits, seconds=DEEP_SECONDS), _End(DEEP_ROWS)
        )
    except TooSlow:
        return low


def _scan_end(
    connection: Connection, queue: Queue, which: Condition, limits: ProbeLimits, end: _End
) -> _End:
    """Read one end of a queue; the server computes the sums."""
    jobs, ids = queue.jobs_layout, _ids(queue, which, end).subquery()
    available, reserved_at = jobs.is_available(limits.now), jobs.reserved_since(limits.now)
    held = jobs.is_reserved_for(limits.held_seconds, limits.now)
    summed = select(
        func.count().label("scanned"),
        func.max(jobs.id).label("last_id"),
        func.count(case((available, 1))).label("available"),
        func.min(case((available, jobs.id))).label("first_id"),
        func.min(case((available, jobs.available_since()))).label("oldest_at"),
        func.count(case((jobs.is_reserved(limits.now), 1))).label("reserved"),
        func.min(reserved_at).label("oldest_reserved_at"),
        func.max(reserved_at).label("newest_reserved_at"),
        func.count(case((held, 1))).label("held"),
    ).join_from(ids, queue.jobs, jobs.id == ids.c.id)
    row = bounded(connection, summed, limits.seconds).mappings().one()
    # Columns of different types turn a number into a decimal, and SQLite stores any kind of value.
    sums: dict[str, Any] = {name: as_number(value) for name, value in row.items()}
    return _End(end.limit, end.above, **sums)


def _ids(queue: Queue, which: Condition, end: _End) -> Select[Any]:
    """Select the ids of an end, in the order of the index on the queue's name."""
    jobs = queue.jobs_layout
    query = select(jobs.id).where(which).limit(end.limit)
    if end.above is None:
        return query.order_by(jobs.id)
    return query.where(jobs.id > end.above).order_by(jobs.id.desc())


def _longest(
    connection: Connection,
    queue: Queue,
    which: Condition,
    limits: ProbeLimits,
    ends: Sequence[_End],
) -> tuple[tuple[int, int], ...]:
    """Return the stuck jobs that were reserved first, from all ends."""
    jobs = queue.jobs_layout
    rows: list[tuple[int, int]] = []
    for end in ends:
        ids = _ids(queue, which, end).subquery()
        query = (
            select(jobs.reserved_since(limits.now), jobs.id)
            .join_from(ids, queue.jobs, jobs.id == ids.c.id)
            .where(jobs.is_reserved_for(limits.held_seconds, limits.now))
            .order_by(*jobs.reservation_order())
            .limit(LONGEST)
        )
        held = bounded(connection, query, limits.seconds).all() if end.held else []
        rows += [(reserved_at, id_) for reserved_at, id_ in held]
    return tuple(sorted(rows)[:LONGEST])
