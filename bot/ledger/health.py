"""Whether what runs by itself does: a watcher among the replicas, and messages that arrive."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot.ledger.journal import outbox
from bot.ledger.model import Health, Undelivered
from bot.ledger.tables import leases

LATE = timedelta(minutes=2)
"""Equal refusals wait a minute for each other, and a lost channel is tried again every 30 s."""
CHANNELS = 20


def health(connection: Connection, now: datetime) -> Health:
    """How it is now."""
    lease = connection.execute(
        select(leases.c.owner, leases.c.expires).where(leases.c.name == "watcher")
    ).one()
    held = bool(lease.owner) and lease.expires > now
    return Health(
        at=now,
        watcher=lease.owner if held else None,
        watched_until=lease.expires,
        undelivered=_undelivered(connection, now),
    )


def _undelivered(connection: Connection, now: datetime) -> tuple[Undelivered, ...]:
    c = outbox.c
    late = (
        select(
            c.channel,
            func.count().label("count"),
            func.min(c.created_at).label("since"),
            func.min(c.id).label("oldest"),
        )
        .where(c.sent_at.is_(None), c.created_at < now - LATE)
        .group_by(c.channel)
        .order_by(func.min(c.created_at))
        .limit(CHANNELS)
    )
    rows = connection.execute(late).mappings().all()
    said = select(c.id, c.error).where(c.id.in_([row["oldest"] for row in rows]))
    errors = {row.id: row.error for row in connection.execute(said)} if rows else {}
    return tuple(
        Undelivered(
            channel=row["channel"],
            count=row["count"],
            since=row["since"],
            error=errors.get(row["oldest"]),
        )
        for row in rows
    )
