"""The active incidents and the mutes in force, prepared for answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.models.incidents import Incident, ListedIncident, muted_until
from bot.models.mutes import NamedMute
from bot.store.failures import error_groups
from bot.store.incidents import lookups, mutes

MOST = 500
"""At most this many active incidents are listed."""


def active_incidents(
    connection: Connection, now: datetime, limit: int = MOST
) -> tuple[ListedIncident, ...]:
    """Return the active incidents, the newest first, each with the end of its mute."""
    rows = lookups.active_incidents(connection, limit)
    names = _names(connection, rows)
    in_force = mutes.current(connection, now)
    return tuple(
        listed(incident, names).model_copy(update={"muted_until": muted_until(in_force, incident)})
        for incident in rows
    )


def incident(connection: Connection, id_: int) -> ListedIncident | None:
    """Return the incident with this id, active or resolved; None if there is no such incident."""
    incident = lookups.by_id(connection, id_)
    return None if incident is None else listed(incident, _names(connection, [incident]))


def incidents_of(connection: Connection, ids: Sequence[int]) -> tuple[ListedIncident, ...]:
    """Return the incidents with these ids, in this order."""
    rows = lookups.by_ids(connection, ids)
    names = _names(connection, rows)
    return tuple(listed(row, names) for row in rows)


def named_mutes(connection: Connection, now: datetime) -> tuple[NamedMute, ...]:
    """Return the mutes in force with the names of error groups; the first to expire is first."""
    in_force = mutes.current(connection, now, mutes.MOST)
    groups = {mute.topic.error_group for mute in in_force if mute.topic.error_group is not None}
    names = error_groups.names_of(connection, groups) if groups else {}
    return tuple(
        NamedMute(
            error=None if mute.topic.error_group is None else mute.topic.word,
            name=names.get(mute.topic.error_group or 0),
            queue=mute.topic.queue,
            alert=mute.topic.rule,
            by=mute.by,
            at=mute.at,
            until=mute.until,
        )
        for mute in in_force
    )


def listed(incident: Incident, names: Mapping[int, str]) -> ListedIncident:
    """Convert an incident for an answer; `names` are the names of error groups by id."""
    group = incident.error_group
    return ListedIncident(
        incident=f"I{incident.id}",
        rule=incident.rule,
        queue=incident.queue,
        error=None if group is None else f"E{group}",
        name=None if group is None else names.get(group),
        triggered_at=incident.triggered_at,
        resolved_at=incident.resolved_at,
        count=incident.count,
        value=incident.value,
        acknowledged_by=incident.acknowledged_by,
        acknowledged_at=incident.acknowledged_at,
        assigned_by=incident.assigned_by,
    )


def _names(connection: Connection, rows: Sequence[Incident]) -> dict[int, str]:
    groups = {incident.error_group for incident in rows if incident.error_group is not None}
    return error_groups.names_of(connection, groups) if groups else {}
