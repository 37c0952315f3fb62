"""Exact figures, counted or booked before, for a look that counts nothing itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, false, func, select, true, union_all

from bot.ledger import error_groups
from bot.ledger.failure_counts import ALL_HOURS
from bot.ledger.rollups import ALL, MINUTE
from bot.ledger.tables import failure_counts
from bot.ledger.watching import rollups

FRESH = timedelta(minutes=5)
"""Older figures say nothing of now; at three million jobs they are taken every two minutes."""
GROUPS = 3


@dataclass(frozen=True, slots=True)
class Exact:
    """The last exact figures of a queue: eligible jobs, and the age of the oldest in seconds."""

    eligible: int
    oldest_seconds: int | None


def lately(connection: Connection, now: datetime) -> dict[str, Exact]:
    """The figures of the newest sample by queue; nothing where it is older than `FRESH`."""
    c = rollups.c
    minutes = select(c.at).where(c.span == MINUTE, c.at > now - FRESH, c.at <= now)
    newest = minutes.order_by(c.at.desc()).limit(1).scalar_subquery()
    chosen = select(c.queue, c.pending, c.delayed, c.oldest_seconds).where(
        c.span == MINUTE, c.at == newest, c.queue != ALL
    )
    return {
        row.queue: Exact(max(0, row.pending - row.delayed), row.oldest_seconds)
        for row in connection.execute(chosen)
    }


def failed_jobs(connection: Connection) -> int:
    """How many failed jobs there are, as far as they are indexed: summed up, not counted."""
    p = _left().subquery().c
    return max(0, int(connection.execute(select(func.sum(p.failed))).scalar() or 0))


def largest_groups(connection: Connection) -> list[list[Any]]:
    """The error groups with the most failed jobs: what is typed, how many, and the name."""
    p = _left().subquery().c
    failed = func.sum(p.failed)
    chosen = select(p.error_group, failed).group_by(p.error_group).having(failed > 0)
    found = connection.execute(chosen.order_by(failed.desc(), p.error_group).limit(GROUPS)).all()
    names = error_groups.names_of(connection, [row.error_group for row in found])
    return [[f"E{id_}", int(count), names.get(id_, "")] for id_, count in found]


def _left() -> Any:
    """How many are there by group: the sums of what is folded, and what is not folded yet."""
    c = failure_counts.c
    return union_all(_part(c.folded == true(), c.hour == ALL_HOURS), _part(c.folded == false()))


def _part(*which: ColumnElement[bool]) -> Select[Any]:
    c = failure_counts.c
    failed = func.sum(c.appeared - c.gone).label("failed")
    return select(c.error_group, failed).where(*which).group_by(c.error_group)
