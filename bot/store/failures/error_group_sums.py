"""Sums of the stored failure counts per error group, for a time window and a queue."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
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

from bot.queue.layouts import Queue
from bot.store.failures.error_merges import NO_MERGES, Merges
from bot.store.failures.failure_counts import ALL_HOURS, hour_of
from bot.store.tables import failure_counts

LONGEST_SINCE = timedelta(days=7)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 wall clock
_DAY = 24


@dataclass(frozen=True, slots=True)
class Window:
    """The failures of one queue, or of all queues, since `hour`. Hour 0 means all failures.

    `now` is the queue's wall clock time. The failures of merged groups count together.
    """

    now: datetime
    queue: str | None = None
    hour: int = 0
    merges: Merges = NO_MERGES

    @property
    def since(self) -> datetime | None:
        """The time from which failures count; None means all failures."""
        return _EPOCH + timedelta(hours=self.hour) if self.hour else None

    @property
    def running(self) -> int:
        """The number of the current hour."""
        return hour_of(self.now)


def window(queue: Queue, now: datetime, name: str | None, since: timedelta | None) -> Window:
    """Return the window that covers the time `since` before now; None means all failures.

    The window begins at a full hour, or at midnight if `since` is longer than one day.
    """
    at = queue.wall_clock(now)
    if since is None:
        return Window(at, name)
    hour = hour_of(at - since)
    return Window(at, name, hour if since <= timedelta(days=1) else hour - hour % _DAY)


def sums(within: Window, limit: int, after: int) -> Any:
    """Select one row for each group; each row also has the totals of all groups."""
    inner = by_group(within, true()).subquery()
    return (
        select(
            inner,
            func.count().over().label("groups"),
            func.sum(inner.c.failed).over().label("total"),
        )
        .where(or_(inner.c.failed > 0, inner.c.appeared > 0) if within.hour else inner.c.failed > 0)
        .order_by(inner.c.failed.desc(), inner.c.appeared.desc(), inner.c.error_group)
        .limit(limit)
        # The offset skips sums, of which there are a few hundred, and not counts.
        .offset(after)
    )


def by_group(within: Window, which: ColumnElement[bool]) -> Any:
    """Select each group's counts in the window, and its first and last `failed_at` in all hours.

    If the window has no beginning, the counts are the aggregated sums plus the rows that are not
    aggregated yet. If the window has a beginning, the counts are the hourly rows since then. The
    aggregated sums then give only the times.
    """
    c = failure_counts.c
    nothing: tuple[ColumnElement[Any], ...] = (literal(0), literal(0))
    counts = (func.sum(c.appeared - c.removed), func.sum(c.appeared))
    times = (func.min(c.first_at), func.max(c.last_at))
    no_times = (func.max(null()), func.max(null()))
    which = and_(which, of_queue(within))
    sums, new = and_(which, c.hour == ALL_HOURS), and_(which, c.hour >= within.hour)
    # The first part defines the column types. Rows of removals have no times.
    parts = [
        _part(nothing if within.hour else counts, times, sums, aggregated=True),
        _part(nothing, times, and_(which, c.appeared > 0), aggregated=False),
        _part(counts, no_times, new, aggregated=False),
    ]
    if within.hour:
        parts.append(_part(counts, no_times, new, aggregated=True))
    p = union_all(*parts).subquery().c
    # The parts have a few hundred rows, so the merges cost less here than in each part.
    whole = within.merges.of(p.error_group).label("error_group")
    return select(
        whole,
        func.sum(p.failed).label("failed"),
        func.sum(p.appeared).label("appeared"),
        func.min(p.first_at).label("first_at"),
        func.max(p.last_at).label("last_at"),
    ).group_by(whole)


def _part(
    counts: tuple[ColumnElement[Any], ...],
    times: tuple[ColumnElement[Any], ...],
    which: ColumnElement[bool],
    *,
    aggregated: bool,
) -> Select[Any]:
    """Select the sums by group: of the aggregated rows, or of the rows that are not aggregated.

    Each part reads and groups one index range, which is faster than one query for all parts.
    """
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
        # With `IS TRUE`, MariaDB would read the whole table.
        .where(c.aggregated == (true() if aggregated else false()), which)
        .group_by(c.error_group)
    )


def of_queue(within: Window) -> ColumnElement[bool]:
    """Return the condition for the counts of the window's queue."""
    c = failure_counts.c
    if within.queue is None:
        return true()
    # The length is compared too, because MariaDB treats "mail " and "mail" as equal.
    return and_(c.queue == within.queue, func.length(c.queue) == func.length(within.queue))
