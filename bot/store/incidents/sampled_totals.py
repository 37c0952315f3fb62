"""Exact figures from samples and stored counts, so that a check needs to count no rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, false, func, select, true, union_all

from bot.store.failures import error_groups, error_merges
from bot.store.failures.failure_counts import ALL_HOURS
from bot.store.metrics.rollups import ALL, MINUTE
from bot.store.tables import failure_counts, rollups

FRESH = timedelta(minutes=5)
"""Older samples are not used. With 3 million jobs, a sample is taken every 2 min."""
GROUPS = 3


@dataclass(frozen=True, slots=True)
class Exact:
    """The last exact figures of a queue: available jobs, and the oldest job's age in seconds."""

    available: int
    oldest_seconds: int | None


def lately(connection: Connection, now: datetime) -> dict[str, Exact]:
    """Return the newest sample's figures by queue; empty if the sample is older than `FRESH`."""
    c = rollups.c
    minutes = select(c.at).where(c.span == MINUTE, c.at > now - FRESH, c.at <= now)
    newest = minutes.order_by(c.at.desc()).limit(1).scalar_subquery()
    query = select(c.queue, c.pending, c.delayed, c.oldest_seconds).where(
        c.span == MINUTE, c.at == newest, c.queue != ALL
    )
    return {
        row.queue: Exact(max(0, row.pending - row.delayed), row.oldest_seconds)
        for row in connection.execute(query)
    }


@dataclass(frozen=True, slots=True)
class GroupTotal:
    """The failed jobs of an error group."""

    id: int
    failed: int
    name: str


def failed_jobs(connection: Connection) -> tuple[int, list[GroupTotal]]:
    """Return the number of failed jobs and the largest error groups, from the stored counts."""
    p = _left().subquery().c
    failed, whole = func.sum(p.failed), error_merges.read(connection).of(p.error_group)
    group = whole.label("error_group")
    totals = select(group, failed.label("failed"), func.sum(failed).over().label("total"))
    largest = totals.group_by(group).order_by(failed.desc(), group).limit(GROUPS)
    rows = connection.execute(largest).all()
    names = error_groups.names_of(connection, [row.error_group for row in rows])
    groups = [
        GroupTotal(row.error_group, int(row.failed), names.get(row.error_group, ""))
        for row in rows
        if row.failed > 0
    ]
    return max(0, int(rows[0].total)) if rows else 0, groups


def _left() -> Any:
    """Select failed jobs by group: from the aggregated sums and the rows not aggregated yet."""
    c = failure_counts.c
    return union_all(
        _part(c.aggregated == true(), c.hour == ALL_HOURS), _part(c.aggregated == false())
    )


def _part(*which: ColumnElement[bool]) -> Select[Any]:
    c = failure_counts.c
    failed = func.sum(c.appeared - c.removed).label("failed")
    return select(c.error_group, failed).where(*which).group_by(c.error_group)
