"""What has been kept long enough is deleted, in small batches: archive, answers, sent messages."""

from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, select

from bot.ledger.leases import Lease, fence
from bot.ledger.tables import archive, outbox, requests
from bot.queue.database import changing
from bot.registry import Setup

TX_SECONDS = 10.0
BATCH = 1_000
ANSWERS_KEPT = timedelta(days=7)
"""Slack delivers an envelope again within minutes, a script within its own patience."""
MESSAGES_KEPT = timedelta(days=30)


def purge_once(setup: Setup, lease: Lease) -> int:
    """Delete up to a batch of what is too old from each table; returns how many rows."""

    def work(connection: Connection) -> int:
        fence(connection, lease)
        now = setup.clock(connection)
        return sum(
            _purge(connection, table, key, old)
            for table, key, old in (
                (archive, archive.c.id, archive.c.archived_at < _days(now, setup.archive_days)),
                (requests, requests.c.request_id, requests.c.at < now - ANSWERS_KEPT),
                (outbox, outbox.c.id, outbox.c.sent_at < now - MESSAGES_KEPT),
            )
        )

    return changing(setup.engine, monotonic() + TX_SECONDS, work)


def _days(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _purge(
    connection: Connection, table: Table, key: Column[object], old: ColumnElement[bool]
) -> int:
    keys = connection.execute(select(key).where(old).limit(BATCH)).scalars().all()
    if not keys:
        return 0
    return connection.execute(delete(table).where(key.in_(keys))).rowcount
