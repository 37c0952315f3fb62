"""Reading error groups: sums over the booked counts, and the newest failures of each group.

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
    and_,
    case,
    func,
    or_,
    select,
    true,
    union_all,
)

from bot.errors import Busy, ErrorGroupNotFound
from bot.ledger import error_groups
from bot.ledger.error_model import HOURS, RECENT_AT_MOST, RECENT_MINUTES, ErrorGroup, ErrorGroups
from bot.ledger.failure_counts import ALL_HOURS, hour_of
from bot.ledger.tables import failure_counts, failures
from bot.queue.database import TooSlow, bounded
from bot.queue.layouts import Queue
from bot.queue.model import QueueCount

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
    """The newest failures of a group, gone or not, the newest first."""
    c = failures.c
    chosen = (
        select(c.failed_id, c.row_digest, c.queue, c.order_id, c.failed_at, c.gone_at)
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

    Without a beginning these are the folded sums and what is not folded yet. With one they are the
    hours since; of the sums only the times are of use then.
    """
    c = failure_counts.c
    columns = (c.error_group, c.hour, c.appeared, c.gone, c.first_at, c.last_at)
    which = and_(which, _of_queue(within))
    parts = [
        select(*columns).where(c.folded.is_(False), which),
        select(*columns).where(c.folded.is_(True), c.hour == ALL_HOURS, which),
    ]
    counts: ColumnElement[bool] = true()
    if within.hour:
        parts.append(select(*columns).where(c.folded.is_(True), c.hour >= within.hour, which))
    p = union_all(*parts).subquery().c
    if within.hour:
        counts = p.hour >= within.hour
    return select(
        p.error_group,
        func.sum(case((counts, p.appeared - p.gone), else_=0)).label("failed"),
        func.sum(case((counts, p.appeared), else_=0)).label("appeared"),
        func.min(p.first_at).label("first_at"),
        func.max(p.last_at).label("last_at"),
    ).group_by(p.error_group)


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
    by_queue, by_hour = _parts(connection, within, ids)
    described = []
    for row in found:
        id_ = row["error_group"]
        recent, orders = _samples(connection, within, row)
        described.append(
            ErrorGroup(
                error=f"E{id_}",
                name=names.get(id_, ""),
                failed=int(row["failed"]),
                appeared=int(row["appeared"]) if within.hour else sum(by_hour[id_]),
                recent=recent,
                first_at=None if row["first_at"] is None else human(row["first_at"]),
                last_at=None if row["last_at"] is None else human(row["last_at"]),
                queues=_queues(by_queue[id_]),
                orders=orders,
                hours=tuple(by_hour[id_]),
            )
        )
    return described


def _parts(
    connection: Connection, within: Window, ids: Sequence[int]
) -> tuple[Mapping[int, Counter[str]], Mapping[int, list[int]]]:
    """How many are there by queue, and how many appeared in each hour of the bar, by group."""
    c = failure_counts.c
    statement = (
        select(c.error_group, c.queue, c.hour, func.sum(c.appeared), func.sum(c.gone))
        .where(
            c.error_group.in_(ids),
            # Not the sums: they are what the others are.
            c.hour >= within.hour,
            _of_queue(within),
        )
        .group_by(c.error_group, c.queue, func.length(c.queue), c.hour)
    )
    by_queue: defaultdict[int, Counter[str]] = defaultdict(Counter)
    by_hour: defaultdict[int, list[int]] = defaultdict(lambda: [0] * HOURS)
    first = within.running - HOURS + 1
    for id_, queue, hour, appeared, gone in bounded(connection, statement, SECONDS):
        by_queue[id_][queue] += int(appeared) - int(gone)
        if hour >= first:
            # A worker's clock may be ahead of the database's.
            by_hour[id_][min(hour - first, HOURS - 1)] += int(appeared)
    return by_queue, by_hour


def _samples(
    connection: Connection, within: Window, row: RowMapping
) -> tuple[int, tuple[str, ...]]:
    """How many failed within the last minutes, and orders of the newest that are there."""
    recently = within.now - timedelta(minutes=RECENT_MINUTES)
    fresh = row["last_at"] is not None and row["last_at"] >= recently
    rows = newest(connection, row["error_group"], RECENT_AT_MOST if fresh else SAMPLES)
    if within.queue is not None:
        rows = [found for found in rows if found["queue"] == within.queue]
    orders = dict.fromkeys(
        found["order_id"]
        for found in rows
        if found["gone_at"] is None and found["order_id"] is not None
    )
    recent = sum(found["failed_at"] >= recently for found in rows)
    return recent, tuple(orders)[:ORDERS]


def _queues(counted: Counter[str]) -> tuple[QueueCount, ...]:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(QueueCount(queue=name, count=count) for name, count in ordered if count)[:QUEUES]
