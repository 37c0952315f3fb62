"""Delete old rows, in small batches.

The purge deletes archived rows, stored answers, sent messages, removed failures, tracked jobs,
resolved incidents, ended mutes, reasons of refused rows, and plans that nobody confirmed. The purge
never deletes the audit log. It also keeps the operations and their items, because they are needed
to verify the digests of the audit log.
"""

from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, func, or_, select

from bot.app.setup import Setup
from bot.background.leader import leader_transaction
from bot.store import restored_copies
from bot.store.cursors import position, set_position
from bot.store.failures import subjects
from bot.store.failures.backfill import NO_INCIDENT
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
    set_aside,
    tracked_jobs,
)

BATCH = 1_000
ANSWERS_KEPT = timedelta(days=7)
"""Slack repeats an envelope within minutes, but scripts may repeat a request days later."""
MESSAGES_KEPT = timedelta(days=30)
REMOVED_KEPT = timedelta(days=30)
MUTES_KEPT = timedelta(days=30)
"""The time after the end of the mute; the audit log keeps the record of the mute."""
INCIDENTS_KEPT = timedelta(days=90)
"""The time after the incident was resolved; a digest compares two weeks."""
METRIC_DELTAS_KEPT = 100_000
"""The maximum number of rows that no sample has drained. No sample ever drains the rows if the
tables are too large to count."""
PLANS_KEPT = timedelta(days=7)
"""The time after the plan expired; the stored answer that names the plan is kept as long."""


def purge_once(setup: Setup, lease: Lease) -> int:
    """Delete up to a batch of old rows from each table; return the number of deleted rows."""

    def work(connection: Connection, now: datetime) -> int:
        # Removed failures are kept as long as the archive: a bulk undo reads them from the index.
        removed = now - max(REMOVED_KEPT, timedelta(days=setup.archive_days + 1))
        others = _purge_incidents(connection, now - INCIDENTS_KEPT)
        others += _purge_set_aside(connection, removed) + _purge_failures(connection, removed)
        others += _purge_archive(connection, _days(now, setup.archive_days))
        return others + sum(
            _purge(connection, table, key, old)
            for table, key, old in (
                (requests, requests.c.request_id, requests.c.created_at < now - ANSWERS_KEPT),
                (outbox, outbox.c.id, outbox.c.sent_at < now - MESSAGES_KEPT),
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


def _is_obsolete(connection: Connection, removed_before: datetime) -> ColumnElement[bool]:
    """Return the condition for old removed failures that no alert must show any more.

    If the failure has an incident, its alert must already show the removal.
    """
    last = connection.execute(select(func.max(failures.c.seq))).scalar() or 0
    shown = select(incidents.c.id).where(
        incidents.c.id == failures.c.incident,
        incidents.c.resolved_at.is_not(None),
        incidents.c.stale.is_(False),
    )
    return and_(
        # The index finds the failures by the copy.
        failures.c.removed_copy < removed_before,
        failures.c.removed_at < removed_before,
        # The last number is kept: a server that loses its counter at a restart would reuse it.
        failures.c.seq < last,
        or_(failures.c.incident == NO_INCIDENT, shown.exists()),
    )


def _days(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _purge(
    connection: Connection, table: Table, key: Column[object], old: ColumnElement[bool]
) -> int:
    keys = connection.execute(select(key).where(old).limit(BATCH)).scalars().all()
    if not keys:
        return 0
    return connection.execute(delete(table).where(key.in_(keys), old)).rowcount


def _purge_failures(connection: Connection, removed_before: datetime) -> int:
    """Delete old removed failures with their subjects; return the number of deleted failures."""
    c, old = failures.c, _is_obsolete(connection, removed_before)
    seqs = connection.execute(select(c.seq).where(old).limit(BATCH)).scalars().all()
    if not seqs:
        return 0
    deleted = connection.execute(delete(failures).where(c.seq.in_(seqs), old)).rowcount
    subjects.forget(connection, seqs)
    return deleted


def _purge_archive(connection: Connection, archived_before: datetime) -> int:
    """Delete old archived rows; return their number."""
    c = archive.c
    old = select(c.id).where(c.archived_at < archived_before).limit(BATCH)
    copies = connection.execute(old).scalars().all()
    if not copies:
        return 0
    restored_copies.forget(connection, copies)
    return connection.execute(delete(archive).where(c.id.in_(copies))).rowcount


def _purge_set_aside(connection: Connection, finished_before: datetime) -> int:
    """Delete the reasons of rows that an old operation could not move, one operation at a time.

    The reasons are kept as long as the removed failures of the operation.
    """
    c = set_aside.c
    old = select(operations.c.id).where(
        operations.c.id == c.operation, operations.c.finished_at < finished_before
    )
    first = select(c.operation).where(old.exists()).order_by(c.operation).limit(1)
    operation = connection.execute(first).scalar()
    return (
        0 if operation is None else _purge(connection, set_aside, c.seq, c.operation == operation)
    )


def _purge_incidents(connection: Connection, closed_before: datetime) -> int:
    """Delete old incidents that have no failures any more.

    A cursor moves through the incidents, so that incidents with failures do not block the rest.
    """
    c, name = incidents.c, "incidents_purged"
    cursor = position(connection, name)
    last = connection.execute(select(func.max(c.id))).scalar() or 0
    # A subquery for each incident uses the index. With a condition, a server may read all failures.
    failure = select(failures.c.seq).where(failures.c.incident == c.id).limit(1)
    old = (
        select(c.id, failure.scalar_subquery().label("failure"))
        # A server may reuse the last number if its incident is deleted.
        .where(c.id > cursor, c.id < last, c.resolved_at < closed_before)
        .order_by(c.id)
        .limit(BATCH)
    )
    rows = connection.execute(old).all()
    reached = rows[-1].id if len(rows) == BATCH else 0
    if reached != cursor:
        set_position(connection, name, reached)
    ids = [row.id for row in rows if row.failure is None]
    if not ids:
        return 0
    of_these = incident_operations.c.incident.in_(ids)
    deleted = connection.execute(delete(incident_operations).where(of_these)).rowcount
    return deleted + connection.execute(delete(incidents).where(c.id.in_(ids))).rowcount
