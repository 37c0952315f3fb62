"""The transitions of an incident: trigger, reopen, acknowledge, resolve, and its alert's place.

`stale` marks an alert that is out of date; the watcher edits such an alert. An active incident
holds its subject (`group:12`, `oldest_job:mail`) in a unique column. So two watchers cannot trigger
two incidents of one subject.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    case,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from bot.database.transactions import LostRace
from bot.models.alert_rules import NEW_FAILURES, AlertRule
from bot.models.incidents import Resolution
from bot.queue.moves import for_update
from bot.store.incidents.lookups import by_subject
from bot.store.tables import incidents

RECOVERED: Resolution = "recovered"
QUIET: Resolution = "quiet"

REOPENED_WITHIN = timedelta(hours=1)
"""A problem that returns within this time reopens its incident. A later problem triggers a new
incident."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of an incident: its rule, its unique name, its queue and its error group."""

    rule: AlertRule
    name: str
    queue: str | None = None
    error_group: int | None = None


@dataclass(frozen=True, slots=True)
class TriggeredIncident:
    """An active incident, and its transition; `none` means that the incident was already active.

    `resolved_at` (naive UTC) is when a reopened incident was resolved before; otherwise None.
    """

    id: int
    transition: Literal["none", "triggered", "reopened"]
    resolved_at: datetime | None = None


def group_subject(error_group: int, queue: str | None) -> Subject:
    """Return the subject of an error group's incident."""
    return Subject(NEW_FAILURES, f"group:{error_group}", queue, error_group)


def trigger(connection: Connection, subject: Subject, now: datetime) -> TriggeredIncident:
    """Return the subject's active incident: an existing, a reopened or a new incident.

    Raises `LostRace` if another watcher triggered the subject's incident at the same time.
    """
    existing = by_subject(connection, subject.name)
    if existing is not None:
        return TriggeredIncident(existing.id, "none")
    try:
        return _reopen_recent(connection, subject, now) or _insert(connection, subject, now)
    except IntegrityError as error:
        raise LostRace from error


def _reopen_recent(
    connection: Connection, subject: Subject, now: datetime
) -> TriggeredIncident | None:
    c = incidents.c
    recent = select(c.id, c.resolved_at).where(
        c.subject == subject.name, c.resolved_at > now - REOPENED_WITHIN
    )
    resolved = connection.execute(recent.order_by(c.id.desc()).limit(1)).first()
    if resolved is None:
        return None
    values = dict(
        _ACTIVE, last_at=now, reopened=c.reopened + 1, reopened_at=now, acknowledged_by=None,
        acknowledged_at=None, assigned_by=None, escalations=0, escalated_at=None,
    )  # fmt: skip
    update_incident(connection, resolved.id, **values)
    return TriggeredIncident(resolved.id, "reopened", resolved.resolved_at)


_ACTIVE = {
    "active_subject": incidents.c.subject,
    "resolved_at": None,
    "resolution": None,
    "recovered_since": None,
    "processed": None,
    "failed": None,
    "stale": True,
}


def _insert(connection: Connection, subject: Subject, now: datetime) -> TriggeredIncident:
    inserted = connection.execute(
        insert(incidents).values(
            rule=subject.rule,
            subject=subject.name,
            active_subject=subject.name,
            queue=subject.queue,
            error_group=subject.error_group,
            triggered_at=now,
            last_at=now,
        )
    )
    return TriggeredIncident(int(inserted.lastrowid), "triggered")


def reopen(connection: Connection, incident: int, now: datetime) -> None:
    """Reopen a resolved incident because an undo restored its failures; add no new failures.

    Raises `LostRace` if another incident of this subject was triggered meanwhile.
    """
    try:
        update_incident(connection, incident, **_ACTIVE, reopened_at=now)
    except IntegrityError as error:
        raise LostRace from error


def update_incident(connection: Connection, incident: int, **values: Any) -> None:
    """Update columns of an incident; `stale=True` makes the watcher edit the alert."""
    connection.execute(update(incidents).where(incidents.c.id == incident).values(**values))


def redraw_groups(connection: Connection, error_groups: Collection[int]) -> None:
    """Mark the alerts of these error groups' active incidents as stale."""
    c = incidents.c
    active = update(incidents).where(c.error_group.in_(error_groups), c.active_subject.is_not(None))
    connection.execute(active.values(stale=True))


def resolve(
    connection: Connection, incident: int, resolution: Resolution, now: datetime, **values: Any
) -> None:
    """Resolve an incident and mark its alert as stale."""
    update_incident(
        connection,
        incident,
        active_subject=None,
        resolved_at=now,
        resolution=resolution,
        recovered_since=None,
        stale=True,
        **values,
    )


def acknowledge(connection: Connection, incident: int, by: str, now: datetime) -> bool:
    """Acknowledge an incident; return False if it is already resolved or acknowledged."""
    c = incidents.c
    unacknowledged = update(incidents).where(
        c.id == incident, c.active_subject.is_not(None), c.acknowledged_at.is_(None)
    )
    acknowledged = unacknowledged.values(acknowledged_by=by[:64], acknowledged_at=now, stale=True)
    return connection.execute(acknowledged).rowcount == 1


def acknowledge_posted(connection: Connection, by: str, now: datetime, limit: int) -> list[int]:
    """Acknowledge the active incidents whose alert was posted; return their ids, oldest first.

    People have not seen an incident without an alert, so it is not acknowledged.
    """
    c = incidents.c
    unacknowledged = select(c.id).where(
        c.active_subject.is_not(None), c.acknowledged_at.is_(None), c.posted_at.is_not(None)
    )
    locked = for_update(unacknowledged.order_by(c.id).limit(limit))
    ids = list(connection.execute(locked).scalars())
    return [number for number in ids if acknowledge(connection, number, by, now)]


def assign(connection: Connection, incident: int, to: str, by: str, now: datetime) -> bool:
    """Assign an incident to a person; return False if it is resolved or already theirs.

    An assigned incident counts as acknowledged, so it does not escalate.
    """
    c, person = incidents.c, to[:64]
    others = or_(c.acknowledged_by.is_(None), c.acknowledged_by != person)
    assigned = update(incidents).where(c.id == incident, c.active_subject.is_not(None), others)
    values = {"acknowledged_by": person, "acknowledged_at": now, "assigned_by": by[:64]}
    return connection.execute(assigned.values(**values, stale=True)).rowcount == 1


def add_failures(
    connection: Connection,
    incident: int,
    count: int,
    times: Collection[datetime] = (),
    **values: Any,
) -> None:
    """Add `count` failures to an incident; `times` are the `failed_at` of these failures."""
    c = incidents.c
    if times:
        first, last = min(times), max(times)
        values["first_failed_at"] = _bound(c.first_failed_at, first, c.first_failed_at > first)
        values["last_failed_at"] = _bound(c.last_failed_at, last, c.last_failed_at < last)
    update_incident(connection, incident, count=c.count + count, stale=True, **values)


def come_back(connection: Connection, incident: int, count: int) -> None:
    """Count each retried job that failed again as a failed job, and not as a retried job."""
    c = incidents.c
    back = {"count": c.count - count, "removed": c.removed - count, "retried": c.retried - count}
    update_incident(connection, incident, **back)


def _bound(
    column: Column[datetime], moment: datetime, is_beyond: ColumnElement[bool]
) -> ColumnElement[datetime]:
    """Return `moment` if the column is NULL or `is_beyond` is true; otherwise return the column."""
    return case((or_(column.is_(None), is_beyond), literal(moment, column.type)), else_=column)


def mark_posted(connection: Connection, incident: int, channel: str, ts: str) -> None:
    """Store the channel and the timestamp of an incident's posted alert."""
    update_incident(connection, incident, channel=channel, message_ts=ts)


def forget_message(connection: Connection, incident: int, place: tuple[str, str]) -> None:
    """Remove the channel and timestamp of a lost alert; an active incident then gets a new alert.

    If a new alert was already posted in another place, this call changes nothing.
    """
    c = incidents.c
    lost = update(incidents).where(
        c.id == incident, c.channel == place[0], c.message_ts == place[1]
    )
    forgotten = {"channel": None, "message_ts": None, "posted_at": None, "stale": True}
    connection.execute(lost.values(**forgotten))
