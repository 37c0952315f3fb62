"""The active incidents and operations for App Home: a few rows, read through indexes."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.models.home import HomeIncident
from bot.models.incidents import Incident
from bot.models.operations import Progress
from bot.queue.layouts import Queue
from bot.store.failures import error_groups
from bot.store.incidents import lookups
from bot.store.operations import operations
from bot.store.tables import incidents as table
from bot.store.tables import operations as operations_table


def active_incidents(
    connection: Connection, queue: Queue, limit: int
) -> tuple[tuple[HomeIncident, ...], int]:
    """Return up to `limit` active incidents, the newest first, and the number of all."""
    rows = lookups.active_incidents(connection, limit)
    count = len(rows)
    if count == limit:
        is_active = table.c.active_subject.is_not(None)
        counted = select(func.count()).select_from(table).where(is_active)
        count = int(connection.execute(counted).scalar_one())
    ids = {incident.error_group for incident in rows if incident.error_group is not None}
    names = error_groups.names_of(connection, ids) if ids else {}
    return tuple(
        _incident(queue, incident, names.get(incident.error_group or 0)) for incident in rows
    ), count


def _incident(queue: Queue, incident: Incident, group: str | None) -> HomeIncident:
    error_group, failed_at = incident.error_group, incident.first_failed_at
    return HomeIncident(
        id=incident.id,
        rule=incident.rule,
        queue=incident.queue,
        error=None if error_group is None else f"E{error_group}",
        group=group,
        since=incident.triggered_at if failed_at is None else queue.utc(failed_at),
        count=incident.count,
        left=incident.failures_left,
        value=incident.value,
        peak=incident.peak or 0,
        facts=json.loads(incident.facts or "{}"),
        acknowledged_by=incident.acknowledged_by,
        acknowledged_at=incident.acknowledged_at,
        assigned_by=incident.assigned_by,
    )


def at_work(connection: Connection, now: datetime, limit: int) -> tuple[Progress, ...]:
    """Return the operations that run or wait for their canary, the newest first."""
    c = operations_table.c
    query = select(c.id).where(c.state.in_(operations.ACTIVE)).order_by(c.id.desc()).limit(limit)
    ids: Sequence[int] = connection.execute(query).scalars().all()
    candidates = (operations.find(connection, id_) for id_ in ids)
    return tuple(
        Progress(
            operation=operation.id,
            action=operation.action,
            state=operation.state,
            total=operation.total,
            done=operation.done,
            skipped=operation.skipped,
            actor=operation.actor,
            seconds=int((now - (operation.started_at or now)).total_seconds()),
            rate=operation.rate,
        )
        for operation in candidates
        if operation is not None and operation.state in operations.ACTIVE
    )
