"""The backfill: index the failures from before the bot's first start, without alerts."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot.queue.layouts import Queue
from bot.store.cursors import position, positions, reset, set_position
from bot.store.failures import relabeling
from bot.store.failures.unindexed import Pass, add, unindexed_rows
from bot.store.tables import failures
from bot.wall_clock import unix

SETTLED_AFTER = timedelta(minutes=10)
"""No transaction of a worker lasts this long. So when an id was seen this long ago, all lower ids
are committed."""
NO_INCIDENT = 0
"""The `incident` of jobs that failed before the bot's first start."""


def backfill_left(connection: Connection) -> bool:
    """Return whether the backfill of failures from before the first start is unfinished."""
    reached = positions(connection, "backfill", "backfill_end")
    return reached["backfill_end"] < 0 or reached["backfill"] < reached["backfill_end"]


def begin_backfill(connection: Connection, queue: Queue, now: datetime) -> None:
    """Set the backfill's end: the highest id that the table has now."""
    highest = connection.execute(select(func.max(queue.failed_layout.id))).scalar() or 0
    set_position(connection, "backfill", 0)
    if connection.execute(LAST_SEQ).scalar() is None:
        set_position(connection, relabeling.CURRENT, queue.subjects_version)
    set_position(connection, "backfill_began", unix(now))
    set_position(connection, "backfill_end", highest)


def limit_backfill(connection: Connection, queue: Queue, now: datetime) -> None:
    """Reset the backfill's end if it is above every known id, because somebody moved the cursor.

    Otherwise the backfill would index new failures without an alert.
    """
    reached, end = position(connection, "backfill"), position(connection, "backfill_end")
    if reached < end and end > (known := highest_known(connection, queue)):
        # The end of the backfill sets `settled` for the first time.
        is_done = position(connection, "settled") > 0
        reset(connection, "backfill_end", reached if is_done else known, now)


def highest_known(connection: Connection, queue: Queue) -> int:
    """Return the highest id among the failed jobs and the entries of the index."""
    id_ = select(func.max(queue.failed_layout.id))
    indexed = select(func.max(failures.c.failed_id))
    return max(connection.execute(query).scalar() or 0 for query in (id_, indexed))


def backfill(connection: Connection, queue: Queue, now: datetime, rows: int) -> Pass:
    """Index the next `rows` failures of the backfill; its last pass sets the cursor `settled`."""
    low, end = position(connection, "backfill"), position(connection, "backfill_end")
    unindexed, more = unindexed_rows(connection, queue, low, end, rows)
    add(connection, queue, unindexed, now, incident=NO_INCIDENT)
    reached = unindexed[-1]["id"] if more else end
    set_position(connection, "backfill", reached)
    if reached == end:
        set_position(connection, "settled", _settled_at_first(connection, queue, end, now))
    return Pass(added=len(unindexed), removed=0, more=True)


def _settled_at_first(connection: Connection, queue: Queue, end: int, now: datetime) -> int:
    """Return the id up to which the `failed_at` of all jobs is at least 10 min old.

    Otherwise each pass of the first 10 min would compare a backlog of a million jobs again.
    """
    long_ago = queue.wall_clock(now - SETTLED_AFTER)
    young = connection.execute(
        select(func.min(failures.c.failed_id)).where(failures.c.failed_at >= long_ago)
    ).scalar()
    return end if young is None else young - 1


LAST_SEQ = select(func.max(failures.c.seq))
