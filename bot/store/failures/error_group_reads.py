"""Reading error groups: sums over the stored counts, and the newest failures of each group.

No failure is counted here, so that a million take as long as a thousand: the counts have a few
rows a group, and of a group's failures only the newest are looked at.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)

from bot.database.transactions import TooSlow, bounded
from bot.models.error_groups import HOURS, RECENT_AT_MOST, RECENT_MINUTES, ErrorGroup, ErrorGroups
from bot.models.jobs import QueueCount
from bot.models.refusals import Busy, ErrorGroupNotFound
from bot.queue.layouts import Queue
from bot.store.failures import error_groups
from bot.store.failures.failure_counts import ALL_HOURS, hour_of
from bot.store.tables import failure_counts, failures

SECONDS = 1.0
ORDERS = 4
SAMPLES = 20
"""Of so many newest failures of a group the orders are taken."""
QUEUES = 50
LONGEST_SINCE = timedelta(days=7)

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 wall clock
_DAY = 24


@dataclass(frozen=True, slots=True)
class Window:
    """Which failures: of one queue or of all, and those that failed from an hour on (0: all).

    `now` is the queue's wall clock.
    """

    now: datetime
    queue: str | None = None
    hour: int = 0

    @property
    def since(self) -> datetime | None:
        """The moment from which failures count."""
        return _EPOCH + timedelta(hours=self.hour) if self.hour else None

    @property
    def running(self) -> int:
        """The hour that is running."""
        return hour_of(self.now)


def window(queue: Queue, now: datetime, name: str | None, since: timedelta | None) -> Window:
    """The window that begins so long ago, at the hour before; beyond a day, at that day's start."""
    at = queue.wall_clock(now)
    if since is None:
        return Window(at, name)
    hour = hour_of(at - since)
    return Window(at, name, hour if since <= timedelta(days=1) else hour - hour % _DAY)


def groups(connection: Connection, within: Window, limit: int, after: int = 0) -> ErrorGroups:
    """Up to `limit` groups from the one in place `after` on, those with the most failed jobs first.

    Without a beginning of the window, those that have failed jobs now. Raises `Busy`.
    """
    try:
        found = bounded(connection, _sums(within, limit, after), SECONDS).mappings().all()
        shown = _described(connection, within, found)
    except TooSlow as error:
        raise Busy from error
    return ErrorGroups(
        errors=tuple(shown),
        count=int(found[0]["groups"]) if found else 0,
        failed=int(found[0]["total"]) if found else 0,
        since=None if within.since is None else human(within.since),
        timestamp=human(within.now),
    )


def group(connection: Connection, within: Window, error_group: int) -> ErrorGroup:
    """One group, whether or not it has failed jobs now; raises `ErrorGroupNotFound` or `Busy`."""
    c = failure_counts.c
    try:
        sums = _by_group(within, c.error_group == error_group)
        found = bounded(connection, sums, SECONDS).mappings().all()
        shown = _described(connection, within, found)
    except TooSlow as error:
        raise Busy from error
    if not shown:
        raise ErrorGroupNotFound(id=f"E{error_group}")
    return shown[0]


def newest(connection: Connection, error_group: int, limit: int) -> Sequence[RowMapping]:
    """The newest failures of a group, removed or not, the newest first."""
    c = failures.c
    chosen = (
        select(c.failed_id, c.row_digest, c.queue, c.order_id, c.failed_at, c.removed_at)
        .where(c.error_group == error_group)
        .order_by(c.seq.desc())
        .limit(limit)
    )
    return connection.execute(chosen).mappings().all()


def human(at: datetime) -> str:
    """A time of the wall clock as the spec writes it."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _sums(within: Window, limit: int, after: int) -> Any:
    """A row a group, with the number of all groups and the sum over them in each."""
    inner = _by_group(within, true()).subquery()
    return (
        select(
            inner,
            func.count().over().label("groups"),
            func.sum(inner.c.failed).over().label("total"),
        )
        .where(or_(inner.c.failed > 0, inner.c.appeared > 0) if within.hour else inner.c.failed > 0)
        .order_by(inner.c.failed.desc(), inner.c.appeared.desc(), inner.c.error_group)
        .limit(limit)
        # Over the few hundred sums, not over what they are made of.
        .offset(after)
    )


def _by_group(within: Window, which: ColumnElement[bool]) -> Any:
    """The sums of each group: what is in the window, and when the group was seen at all.

    Without a beginning these are the aggregated sums and the rows not aggregated yet. With one they
    are the hours since; of the sums only the times are of use then.
    """
    c = failure_counts.c
    nothing: tuple[ColumnElement[Any], ...] = (literal(0), literal(0))
    counts = (func.sum(c.appeared - c.removed), func.sum(c.appeared))
    times = (func.min(c.first_at), func.max(c.last_at))
    no_times = (func.max(null()), func.max(null()))
    which = and_(which, _of_queue(within))
    sums, new = and_(which, c.hour == ALL_HOURS), and_(which, c.hour >= within.hour)
    # The types are those of the first. What only went has no times: the index alone tells of it.
    parts = [
        _part(nothing if within.hour else counts, times, sums, aggregated=True),
        _part(nothing, times, and_(which, c.appeared > 0), aggregated=False),
        _part(counts, no_times, new, aggregated=False),
    ]
    if within.hour:
        parts.append(_part(counts, no_times, new, aggregated=True))
    p = union_all(*parts).subquery().c
    return select(
        p.error_group,
        func.sum(p.failed).label("failed"),
        func.sum(p.appeared).label("appeared"),
        func.min(p.first_at).label("first_at"),
        func.max(p.last_at).label("last_at"),
    ).group_by(p.error_group)


def _part(
    counts: tuple[ColumnElement[Any], ...],
    times: tuple[ColumnElement[Any], ...],
    which: ColumnElement[bool],
    *,
    aggregated: bool,
) -> Select[Any]:
    """Sums over aggregated rows or the others, by one stretch of the index; grouped, for speed."""
    c = failure_counts.c
    failed, appeared = counts
    first_at, last_at = times
    return (
        select(
            c.error_group,
            failed.label("failed"),
            appeared.label("appeared"),
            first_at.label("first_at"),
            last_at.label("last_at"),
        )
        # Not `IS TRUE`, for which MariaDB reads the whole table.
        .where(c.aggregated == (true() if aggregated else false()), which)
        .group_by(c.error_group)
    )


def _of_queue(within: Window) -> ColumnElement[bool]:
    c = failure_counts.c
    if within.queue is None:
        return true()
    # The length, because MariaDB takes "mail " for "mail".
    return and_(c.queue == within.queue, func.length(c.queue) == func.length(within.queue))


def _described(
    connection: Connection, within: Window, found: Sequence[RowMapping]
) -> list[ErrorGroup]:
    ids = [row["error_group"] for row in found]
    if not ids:
        return []
    names = error_groups.names_of(connection, ids)
    queues, hours = _in_queues(connection, within, ids), _in_hours(connection, within, ids)
    recently = within.now - timedelta(minutes=RECENT_MINUTES)
    described = []
    for row in found:
        id_ = row["error_group"]
        fresh = row["last_at"] is not None and row["last_at"] >= recently
        described.append(
            ErrorGroup(
                error=f"E{id_}",
                name=names.get(id_, ""),
                failed=int(row["failed"]),
                appeared=int(row["appeared"]) if within.hour else sum(hours[id_]),
                recent=_since(connection, within, id_, recently) if fresh else 0,
                first_at=None if row["first_at"] is None else human(row["first_at"]),
                last_at=None if row["last_at"] is None else human(row["last_at"]),
                queues=_queues(queues[id_]),
                orders=_orders(connection, within, id_),
                hours=tuple(hours[id_]),
            )
        )
    return described


def _in_queues(
    connection: Connection, within: Window, ids: Sequence[int]
) -> Mapping[int, Counter[str]]:
    """How many are there by queue, of each group."""
    c = failure_counts.c
    # The sums of what is aggregated, and what is not; with a beginning the hours since.
    aggregated = c.hour >= within.hour if within.hour else c.hour == ALL_HOURS
    which = or_(
        and_(c.aggregated == true(), aggregated),
        and_(c.aggregated == false(), c.hour >= within.hour),
    )
    statement = (
        select(c.error_group, c.queue, func.sum(c.appeared - c.removed))
        .where(c.error_group.in_(ids), which, _of_queue(within))
        .group_by(c.error_group, c.queue, func.length(c.queue))
    )
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for id_, queue, count in bounded(connection, statement, SECONDS):
        found[id_][queue] += int(count)
    return found


def _in_hours(
    connection: Connection, within: Window, ids: Sequence[int]
) -> Mapping[int, list[int]]:
    """How many appeared in each hour of the bar, of each group."""
    c = failure_counts.c
    first = within.running - HOURS + 1
    statement = (
        select(c.error_group, c.hour, func.sum(c.appeared))
        .where(c.error_group.in_(ids), c.hour >= first, _of_queue(within))
        .group_by(c.error_group, c.hour)
    )
    found: defaultdict[int, list[int]] = defaultdict(lambda: [0] * HOURS)
    for id_, hour, appeared in bounded(connection, statement, SECONDS):
        # A worker's clock may be ahead of the database's.
        found[id_][min(hour - first, HOURS - 1)] += int(appeared)
    return found


def _since(connection: Connection, within: Window, error_group: int, moment: datetime) -> int:
    """How many of the group failed since the moment, at most so many of its newest."""
    c = failures.c
    new = (
        select(c.queue, c.failed_at, c.restored_by)
        .where(c.error_group == error_group)
        .order_by(c.seq.desc())
        .limit(RECENT_AT_MOST)
        .subquery()
        .c
    )
    # What an undo put back is there a second time, under a number of its own.
    wanted = and_(new.failed_at >= moment, new.restored_by.is_(None))
    if within.queue is not None:
        wanted = and_(wanted, new.queue == within.queue)
    return int(connection.execute(select(func.count()).where(wanted)).scalar_one())


def _orders(connection: Connection, within: Window, error_group: int) -> tuple[str, ...]:
    """Orders of the newest that are there."""
    orders = dict.fromkeys(
        row["order_id"]
        for row in newest(connection, error_group, SAMPLES)
        if row["removed_at"] is None
        and row["order_id"] is not None
        and within.queue in (None, row["queue"])
    )
    return tuple(orders)[:ORDERS]


def _queues(counted: Counter[str]) -> tuple[QueueCount, ...]:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(QueueCount(queue=name, count=count) for name, count in ordered if count)[:QUEUES]
