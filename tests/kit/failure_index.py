"""Passes of the index of failures, and reads of its content."""

from datetime import datetime, timedelta
from functools import partial
from time import monotonic

from sqlalchemy import delete, insert, select

from bot.database.transactions import changing
from bot.store import tables
from bot.store.cursors import position
from bot.store.failures import index as failures
from bot.store.failures import index_scan, unindexed
from tests.kit.queues import GONE_AWAY, TestQueue, payload

NOW = datetime(2025, 11, 7, 19, 30, 0)  # noqa: DTZ001 the database's UTC
LATER = NOW + timedelta(minutes=11)


def step(queue: TestQueue, which: failures.Step, now: datetime = NOW) -> unindexed.Pass:
    """Run one pass in its own transaction."""
    return changing(
        queue.engine, monotonic() + 40, lambda connection: which(connection, queue.queue, now)
    )


def index(queue: TestQueue, now: datetime = NOW) -> int:
    """Run passes until all failed jobs are indexed; return how many were added."""
    added = 0
    while True:
        progress = step(queue, failures.index_new, now)
        added += progress.added
        if not progress.more:
            return added


def scan_all(queue: TestQueue, rows: int, now: datetime = NOW) -> tuple[int, int]:
    """Scan the whole table, `rows` rows at a time; return how many were added and removed."""
    added = removed = 0
    while True:
        progress = step(queue, partial(index_scan.scan, rows=rows), now)
        added, removed = added + progress.added, removed + progress.removed
        with queue.engine.begin() as connection:
            if not progress.more and position(connection, "scan") == 0:
                return added, removed


def live(queue: TestQueue) -> list[tuple[int, int | None]]:
    """Return failed id and incident of each failure that is not marked removed, by `seq`."""
    c = tables.failures.c
    with queue.engine.begin() as connection:
        query = select(c.failed_id, c.incident).where(c.removed_at.is_(None)).order_by(c.seq)
        return [(row.failed_id, row.incident) for row in connection.execute(query)]


def ids(queue: TestQueue) -> list[int]:
    """Return the failed id of each failure that is not marked removed, by `seq`."""
    return [failed_id for failed_id, _ in live(queue)]


def remove(queue: TestQueue, *failed_ids: int) -> None:
    """Delete failed jobs without the bot."""
    with queue.engine.begin() as connection:
        connection.execute(
            delete(queue.queue.failed).where(queue.queue.failed.c.id.in_(failed_ids))
        )


def seed_many(queue: TestQueue, rows: int) -> None:
    """Insert `rows` failed jobs, a thousand in each statement."""
    some = [
        {
            "queue": f"q{n % 3}",
            "payload": payload(n),
            "exception": GONE_AWAY,
            "failed_at": NOW - timedelta(hours=1),
        }
        for n in range(rows)
    ]
    with queue.engine.begin() as connection:
        for first in range(0, rows, 1_000):
            connection.execute(insert(queue.queue.failed), some[first : first + 1_000])
