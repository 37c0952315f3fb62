"""What is open and what is muted, for people to look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping

from bot.models.incidents import Mute, NamedMute, OpenIncident
from bot.store.failures import error_groups
from bot.store.incidents import incidents, mutes

MOST = 500
"""Open incidents that are listed."""


def open_incidents(
    connection: Connection, now: datetime, limit: int = MOST
) -> tuple[OpenIncident, ...]:
    """The open incidents, the newest first, with until when each is muted."""
    rows = incidents.open_ones(connection, limit)
    names = _names(connection, rows)
    in_force = mutes.current(connection, now)
    return tuple(
        told(row, names).model_copy(update={"muted_until": _muted(row, in_force)}) for row in rows
    )


def incident(connection: Connection, id_: int) -> OpenIncident | None:
    """One incident, open or not; None: there is none with this id."""
    row = incidents.by_id(connection, id_)
    return None if row is None else told(row, _names(connection, [row]))


def named_mutes(connection: Connection, now: datetime) -> tuple[NamedMute, ...]:
    """The mutes in force, those that end first first, with the texts of error groups."""
    found = mutes.current(connection, now)
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


def told(row: RowMapping, names: Mapping[int, str]) -> OpenIncident:
    """The incident of this row; `names` are the texts of error groups by their ids."""
    group = row["error_group"]
    return OpenIncident(
        incident=f"I{row['id']}",
        kind=row["kind"],
        queue=row["queue"],
        error=None if group is None else f"E{group}",
        name=None if group is None else names.get(group),
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        count=row["count"],
        value=row["value"],
        acknowledged_by=row["acknowledged_by"],
        acknowledged_at=row["acknowledged_at"],
    )


def _names(connection: Connection, rows: Sequence[RowMapping]) -> dict[int, str]:
    groups = {row["error_group"] for row in rows if row["error_group"] is not None}
    return error_groups.names_of(connection, groups) if groups else {}


def _muted(row: RowMapping, in_force: Sequence[Mute]) -> datetime | None:
    """Until when the mutes that were read keep this incident silent."""
    ends = [
        mute.until
        for mute in in_force
        if mute.topic.covers(row["kind"], row["queue"], row["error_group"])
    ]
    return max(ends, default=None)
