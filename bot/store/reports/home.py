"""What is going on right now, for App Home: a few rows of small tables, by their indexes."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select

from bot.models.home import HomeIncident
from bot.models.operations import Progress
from bot.store.failures import error_groups
from bot.store.incidents import incidents
from bot.store.operations import operations
from bot.store.tables import incidents as table
from bot.store.tables import operations as operations_table


def open_incidents(connection: Connection, limit: int) -> tuple[tuple[HomeIncident, ...], int]:
    """The incidents that are open, the newest first, and how many there are."""
    rows = incidents.open_ones(connection, limit)
    count = len(rows)
    if count == limit:
        is_open = table.c.open_subject.is_not(None)
        counted = select(func.count()).select_from(table).where(is_open)
        count = int(connection.execute(counted).scalar_one())
    ids = {row["error_group"] for row in rows if row["error_group"] is not None}
    names = error_groups.names_of(connection, ids) if ids else {}
    return tuple(_incident(row, names.get(row["error_group"])) for row in rows), count


def _incident(row: RowMapping, group: str | None) -> HomeIncident:
    error_group = row["error_group"]
    return HomeIncident(
        id=row["id"],
        kind=row["kind"],
        queue=row["queue"],
        error=None if error_group is None else f"E{error_group}",
        group=group,
        opened_at=row["opened_at"],
        count=row["count"],
        left=max(0, row["count"] - row["gone"]),
        value=row["value"],
        worst=row["worst"] or 0,
        facts=json.loads(row["facts"] or "{}"),
        acknowledged_by=row["acknowledged_by"],
        acknowledged_at=row["acknowledged_at"],
    )


def at_work(connection: Connection, now: datetime, limit: int) -> tuple[Progress, ...]:
    """The bulk changes that run or stand, the newest first."""
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
            pace=operation.pace,
        )
        for operation in candidates
        if operation is not None and operation.state in operations.ACTIVE
    )
