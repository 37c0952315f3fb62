"""The transitions of an incident: opened, reopened, acknowledged, closed; alert posted or lost.

`stale` says that the alert has to follow; the watcher edits it. An open incident holds its subject
(`group:12`, `oldest:mail`) in a unique column, so that two watchers cannot both open one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.database.transactions import LostRace
from bot.models.alert_rules import GROUP
from bot.store.incidents.lookups import by_subject
from bot.store.tables import incidents

RECOVERED, QUIET = "recovered", "quiet"
"""How an incident is closed."""

REOPENED_WITHIN = timedelta(hours=1)
"""What comes back so soon after its end is the same incident; later it is a new one."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an incident is about: its kind, what it is known by, its queue and its error group."""

    kind: str
    name: str
    queue: str | None = None
    error_group: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """An incident that is open now, and whether it was (`open`) or was made so by this call.

    `closed_at`: since when it had been closed (naive UTC), where it was opened again.
    """

    id: int
    state: Literal["open", "opened", "reopened"]
    closed_at: datetime | None = None


def group_subject(error_group: int, queue: str | None) -> Subject:
    """What the incident of an error group is about."""
    return Subject(GROUP, f"group:{error_group}", queue, error_group)


def open_or_reopen(connection: Connection, subject: Subject, now: datetime) -> Opened:
    """The open incident of the subject: the one there is, one closed lately, or a new one.

    Raises `LostRace` where another watcher opened one at the same time.
    """
    known = by_subject(connection, subject.name)
    if known is not None:
        return Opened(known.id, "open")
    try:
        return _again(connection, subject, now) or _new(connection, subject, now)
    except IntegrityError as error:
        raise LostRace from error


def _again(connection: Connection, subject: Subject, now: datetime) -> Opened | None:
    c = incidents.c
    lately = select(c.id, c.closed_at).where(
        c.subject == subject.name, c.closed_at > now - REOPENED_WITHIN
    )
    closed = connection.execute(lately.order_by(c.id.desc()).limit(1)).first()
    if closed is None:
        return None
    opened_again = dict(
        _OPEN, last_at=now, reopened=c.reopened + 1, reopened_at=now, acknowledged_by=None,
        acknowledged_at=None, escalations=0, escalated_at=None,
    )  # fmt: skip
    update_incident(connection, closed.id, **opened_again)
    return Opened(closed.id, "reopened", closed.closed_at)


_OPEN = {
    "open_subject": incidents.c.subject,
    "closed_at": None,
    "closed_how": None,
    "clear_since": None,
    "processed": None,
    "failed": None,
    "stale": True,
}


def _new(connection: Connection, subject: Subject, now: datetime) -> Opened:
    inserted = connection.execute(
        insert(incidents).values(
            kind=subject.kind,
            subject=subject.name,
            open_subject=subject.name,
            queue=subject.queue,
            error_group=subject.error_group,
            opened_at=now,
            last_at=now,
        )
    )
    return Opened(int(inserted.lastrowid), "opened")


def open_as_before(connection: Connection, incident: int, now: datetime) -> None:
    """Open a closed incident whose failures somebody put back: nothing new has gone wrong.

    Raises `LostRace` where another one of its subject was opened meanwhile.
    """
    try:
        update_incident(connection, incident, **_OPEN, reopened_at=now)
    except IntegrityError as error:
        raise LostRace from error


def update_incident(connection: Connection, incident: int, **values: Any) -> None:
    """Write down what is known of an incident; `stale=True` lets its message follow."""
    connection.execute(update(incidents).where(incidents.c.id == incident).values(**values))


def close(connection: Connection, incident: int, how: str, now: datetime, **values: Any) -> None:
    """It is over (`recovered`), or nothing new came for long (`quiet`); its message will follow."""
    update_incident(
        connection,
        incident,
        open_subject=None,
        closed_at=now,
        closed_how=how,
        clear_since=None,
        stale=True,
        **values,
    )


def acknowledge(connection: Connection, incident: int, by: str, now: datetime) -> bool:
    """Say that somebody sees to it; False where it is closed, or somebody said so before."""
    c = incidents.c
    mine = update(incidents).where(
        c.id == incident, c.open_subject.is_not(None), c.acknowledged_at.is_(None)
    )
    acknowledged = mine.values(acknowledged_by=by[:64], acknowledged_at=now, stale=True)
    return connection.execute(acknowledged).rowcount == 1


def add_failures(connection: Connection, incident: int, came: int, **values: Any) -> None:
    """So many failures more belong to it."""
    update_incident(connection, incident, count=incidents.c.count + came, stale=True, **values)


def mark_posted(connection: Connection, incident: int, channel: str, ts: str) -> None:
    """Slack has the incident's message, here."""
    update_incident(connection, incident, channel=channel, message_ts=ts)


def forget_message(connection: Connection, incident: int, place: tuple[str, str]) -> None:
    """The message in this place is gone or out of reach; while it is open another one is posted.

    Where that one was posted already, nothing changes.
    """
    c = incidents.c
    lost = update(incidents).where(
        c.id == incident, c.channel == place[0], c.message_ts == place[1]
    )
    forgotten = {"channel": None, "message_ts": None, "posted_at": None, "stale": True}
    connection.execute(lost.values(**forgotten))
