"""What is open and what is muted, for people to look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.models.incidents import Incident, NamedMute, OpenIncident, muted_until
from bot.store.failures import error_groups
from bot.store.incidents import lookups, mutes

MOST = 500
"""Open incidents that are listed."""


def open_incidents(
    connection: Connection, now: datetime, limit: int = MOST
) -> tuple[OpenIncident, ...]:
    """The open incidents, the newest first, with until when each is muted."""
    rows = lookups.open_incidents(connection, limit)
    names = _names(connection, rows)
    in_force = mutes.current(connection, now)
    return tuple(
        told(incident, names).model_copy(update={"muted_until": muted_until(in_force, incident)})
        for incident in rows
    )


def incident(connection: Connection, id_: int) -> OpenIncident | None:
    """One incident, open or not; None: there is none with this id."""
    incident = lookups.by_id(connection, id_)
    return None if incident is None else told(incident, _names(connection, [incident]))


def named_mutes(connection: Connection, now: datetime) -> tuple[NamedMute, ...]:
    """The mutes in force, those that end first first, with the texts of error groups."""
    found = mutes.current(connection, now, mutes.MOST)
    groups = {one.topic.error_group for one in found if one.topic.error_group is not None}
    names = error_groups.names_of(connection, groups) if groups else {}
    return tuple(
        NamedMute(
            error=None if one.topic.error_group is None else one.topic.word,
            name=names.get(one.topic.error_group or 0),
            queue=one.topic.queue,
            alert=one.topic.kind,
            by=one.by,
            at=one.at,
            until=one.until,
        )
        for one in found
    )


def told(incident: Incident, names: Mapping[int, str]) -> OpenIncident:
    """What an answer shows of an incident; `names` are the texts of error groups by their ids."""
    group = incident.error_group
    return OpenIncident(
        incident=f"I{incident.id}",
        kind=incident.kind,
        queue=incident.queue,
        error=None if group is None else f"E{group}",
        name=None if group is None else names.get(group),
        opened_at=incident.opened_at,
        closed_at=incident.closed_at,
        count=incident.count,
        value=incident.value,
        acknowledged_by=incident.acknowledged_by,
        acknowledged_at=incident.acknowledged_at,
    )


def _names(connection: Connection, rows: Sequence[Incident]) -> dict[int, str]:
    groups = {incident.error_group for incident in rows if incident.error_group is not None}
    return error_groups.names_of(connection, groups) if groups else {}
