"""The health of the background work: the watching replica, problems, and undelivered messages."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, true

from bot.models.health import Health, HealthProblem, Undelivered, WatcherState
from bot.queue.layouts import Queue
from bot.store.audit.keys import NO_KEYS, AuditKeys
from bot.store.leases import is_free
from bot.store.reports.problems import checked, problems
from bot.store.tables import leases, outbox, watcher_load

LATE = timedelta(minutes=2)
"""A message counts as undelivered after this time. Equal refusals wait 1 min until they are merged,
and the bot retries a lost channel every 30 s."""
CHANNELS = 20
HOUR = timedelta(hours=1)


def health(
    connection: Connection, queue: Queue, now: datetime, keys: AuditKeys = NO_KEYS
) -> Health:
    """Return the current health of the background work; `keys` are this replica's keys."""
    watcher = watcher_state(connection, now)
    undelivered: list[Undelivered] = []

    def read_outbox() -> Sequence[HealthProblem]:
        undelivered.extend(_undelivered(connection, now))
        return ()

    unseen = checked("outbox", read_outbox)
    return Health(
        watcher=watcher,
        undelivered=tuple(undelivered),
        problems=(*problems(connection, queue, now, watcher, keys), *unseen),
    )


def watcher_state(connection: Connection, now: datetime) -> WatcherState:
    """Return the replica that watches now, and the database time that watching takes."""
    cost = [column for column in watcher_load.c if column.name != "name"]
    both = select(leases, *cost).join_from(leases, watcher_load, true())
    row = connection.execute(both.where(leases.c.name == "watcher")).one()
    held = not is_free(row.owner, row.expires, now)
    lately = row.worst_at is not None and row.worst_at > now - HOUR
    return WatcherState(
        replica=row.owner if held else None,
        since=row.since if held else None,
        until=row.expires,
        epoch=row.epoch,
        passed_at=row.passed_at,
        pass_ms=row.pass_ms,
        worst_ms=row.worst_ms if lately else None,
        worst_at=row.worst_at if lately else None,
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
    query = select(c.id, c.error).where(c.id.in_([row["oldest"] for row in rows]))
    errors = {row.id: row.error for row in connection.execute(query)} if rows else {}
    return tuple(
        Undelivered(
            channel=row["channel"],
            count=row["count"],
            since=row["since"],
            error=errors.get(row["oldest"]),
        )
        for row in rows
    )
