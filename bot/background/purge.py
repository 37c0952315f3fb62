"""What has been kept long enough is deleted, in small batches.

The archive, stored answers, sent messages, removed failures and incidents that are over,
receipts, and plans that nobody confirmed.
The audit stays, and with it the operations and their items, by which its digests are verified.
"""

from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, func, or_, select

from bot.app.command import Setup
from bot.background.leader import leader_transaction
from bot.store.cursors import position, set_position
from bot.store.failures.index import NO_INCIDENT
from bot.store.leases import Lease
from bot.store.tables import (
    archive,
    failures,
    incident_operations,
    incidents,
    metric_deltas,
    mutes,
    operations,
    outbox,
    requests,
    tracked_jobs,
)

BATCH = 1_000
ANSWERS_KEPT = timedelta(days=7)
"""Slack delivers an envelope again within minutes, a script within its own patience."""
MESSAGES_KEPT = timedelta(days=30)
REMOVED_KEPT = timedelta(days=30)
MUTES_KEPT = timedelta(days=30)
"""After their end; who muted what is in the audit for good."""
INCIDENTS_KEPT = timedelta(days=90)
"""After their end; a digest compares two weeks."""
METRIC_DELTAS_KEPT = 100_000
"""Rows that no sample took away yet: where the tables are too large to count, none ever does."""
PLANS_KEPT = timedelta(days=7)
"""After its confirmation ran out: as long as the stored answer that names the plan."""


def purge_once(setup: Setup, lease: Lease) -> int:
    """Delete up to a batch of what is too old from each table; returns how many rows."""

    def work(connection: Connection) -> int:
        now = setup.clock(connection)
        # As long as the archive, since by the index a bulk undo knows what was taken.
        removed = now - max(REMOVED_KEPT, timedelta(days=setup.archive_days + 1))
        return _purge_incidents(connection, now - INCIDENTS_KEPT) + sum(
            _purge(connection, table, key, old)
            for table, key, old in (
                (archive, archive.c.id, archive.c.archived_at < _days(now, setup.archive_days)),
                (requests, requests.c.request_id, requests.c.created_at < now - ANSWERS_KEPT),
                (outbox, outbox.c.id, outbox.c.sent_at < now - MESSAGES_KEPT),
                (failures, failures.c.seq, _of_no_use(connection, removed)),
                (tracked_jobs, tracked_jobs.c.id, tracked_jobs.c.settled_at < now - REMOVED_KEPT),
                (
                    metric_deltas,
                    metric_deltas.c.id,
                    metric_deltas.c.id <= _newest_metric_delta(connection) - METRIC_DELTAS_KEPT,
                ),
                (mutes, mutes.c.id, mutes.c.until < now - MUTES_KEPT),
                (
                    operations,
                    operations.c.id,
                    (operations.c.state == "planned")
                    & (operations.c.expires_at < now - PLANS_KEPT),
                ),
            )
        )

    return leader_transaction(setup, lease, work)


def _newest_metric_delta(connection: Connection) -> int:
    return connection.execute(select(func.max(metric_deltas.c.id))).scalar() or 0


def _of_no_use(connection: Connection, removed_before: datetime) -> ColumnElement[bool]:
    """Removed failures whose message, if they have one, has said so."""
    last = connection.execute(select(func.max(failures.c.seq))).scalar() or 0
    told = select(incidents.c.id).where(
        incidents.c.id == failures.c.incident,
        incidents.c.resolved_at.is_not(None),
        incidents.c.stale.is_(False),
    )
    return and_(
        failures.c.removed_at < removed_before,
        # A server that forgets its counters gives a number again only where the last is missing.
        failures.c.seq < last,
        or_(failures.c.incident == NO_INCIDENT, told.exists()),
    )


def _days(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _purge(
    connection: Connection, table: Table, key: Column[object], old: ColumnElement[bool]
) -> int:
    keys = connection.execute(select(key).where(old).limit(BATCH)).scalars().all()
    if not keys:
        return 0
    return connection.execute(delete(table).where(key.in_(keys))).rowcount


def _purge_incidents(connection: Connection, closed_before: datetime) -> int:
    """Delete incidents to which no failure belongs any more; those that have some stay.

    They are looked through in turn, so that those that stay do not keep the others from their end.
    """
    c, name = incidents.c, "incidents_purged"
    begun = position(connection, name)
    last = connection.execute(select(func.max(c.id))).scalar() or 0
    # Asked of each by the index: as a condition a server may read all failures for it.
    left = select(failures.c.seq).where(failures.c.incident == c.id).limit(1)
    chosen = (
        select(c.id, left.scalar_subquery().label("left"))
        # Whose number was the last one may be given it again.
        .where(c.id > begun, c.id < last, c.resolved_at < closed_before)
        .order_by(c.id)
        .limit(BATCH)
    )
    found = connection.execute(chosen).all()
    reached = found[-1].id if len(found) == BATCH else 0
    if reached != begun:
        set_position(connection, name, reached)
    ids = [row.id for row in found if row.left is None]
    if not ids:
        return 0
    of_these = incident_operations.c.incident.in_(ids)
    rows = connection.execute(delete(incident_operations).where(of_these)).rowcount
    return rows + connection.execute(delete(incidents).where(c.id.in_(ids))).rowcount
