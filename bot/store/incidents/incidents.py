"""What went wrong, told once: a row an incident, and one message that is edited through its life.

A row is changed with what it tells of; `stale` says that its message has to follow, and the watcher
edits it. An open incident holds its subject (`group:12`, `oldest:mail`) in a unique column, so that
two watchers cannot both open one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.database.transactions import LostRace
from bot.models.alert_rules import CONDITIONS, GROUP, SUMMARY
from bot.queue.moves import for_update
from bot.store.cursors import mark, move
from bot.store.tables import incidents

RECOVERED, QUIET = "recovered", "quiet"
"""How an incident is closed."""

REOPENED_WITHIN = timedelta(hours=1)
"""What comes back so soon after its end is the same incident; later it is a new one."""


IN_ONE = 1_000
"""Subjects that are looked up in one statement."""


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
        return Opened(known["id"], "open")
    try:
        return _again(connection, subject, now) or _new(connection, subject, now)
    except IntegrityError as error:
        raise LostRace from error


def _again(connection: Connection, subject: Subject, now: datetime) -> Opened | None:
    c = incidents.c
    lately = select(c.id, c.closed_at).where(
        c.subject == subject.name, c.closed_at > now - REOPENED_WITHIN
    )
    found = connection.execute(lately.order_by(c.id.desc()).limit(1)).first()
    if found is None:
        return None
    opened_again = dict(
        _OPEN, last_at=now, reopened=c.reopened + 1, reopened_at=now, acknowledged_by=None,
        acknowledged_at=None, escalations=0, escalated_at=None,
    )  # fmt: skip
    note(connection, found.id, **opened_again)
    return Opened(found.id, "reopened", found.closed_at)


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
    made = connection.execute(
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
    return Opened(int(made.lastrowid), "opened")


def open_as_before(connection: Connection, incident: int, now: datetime) -> None:
    """Open a closed incident whose failures somebody put back: nothing new has gone wrong.

    Raises `LostRace` where another one of its subject was opened meanwhile.
    """
    try:
        note(connection, incident, **_OPEN, reopened_at=now)
    except IntegrityError as error:
        raise LostRace from error


def note(connection: Connection, incident: int, **values: Any) -> None:
    """Write down what is known of an incident; `stale=True` lets its message follow."""
    connection.execute(update(incidents).where(incidents.c.id == incident).values(**values))


def close(connection: Connection, incident: int, how: str, now: datetime, **values: Any) -> None:
    """It is over (`recovered`), or nothing new came for long (`quiet`); its message will follow."""
    note(
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
    said = mine.values(acknowledged_by=by[:64], acknowledged_at=now, stale=True)
    return connection.execute(said).rowcount == 1


def add(connection: Connection, incident: int, came: int, **values: Any) -> None:
    """So many failures more belong to it."""
    note(connection, incident, count=incidents.c.count + came, stale=True, **values)


def by_id(connection: Connection, incident: int) -> RowMapping | None:
    """The incident with this id."""
    return _one(connection, incidents.c.id == incident)


def by_subject(connection: Connection, name: str) -> RowMapping | None:
    """The open incident of this subject."""
    return _one(connection, incidents.c.open_subject == name)


def by_message(connection: Connection, channel: str, ts: str) -> RowMapping | None:
    """The incident that this message tells of."""
    return _one(connection, (incidents.c.channel == channel) & (incidents.c.message_ts == ts))


def _one(connection: Connection, which: ColumnElement[bool]) -> RowMapping | None:
    return connection.execute(select(incidents).where(which)).mappings().first()


def open_of(connection: Connection, names: Sequence[str]) -> dict[str, RowMapping]:
    """The open incidents of these subjects, by subject."""
    found: dict[str, RowMapping] = {}
    for first in range(0, len(names), IN_ONE):
        part = names[first : first + IN_ONE]
        chosen = select(incidents).where(incidents.c.open_subject.in_(part))
        found |= {row["open_subject"]: row for row in connection.execute(chosen).mappings()}
    return found


def open_ones(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Open incidents, the newest first."""
    c = incidents.c
    # By the ids alone first, which the index has: of 10,000 open ones 11 ms and not 130.
    ids = select(c.id).where(c.open_subject.is_not(None)).order_by(c.id.desc()).limit(limit)
    newest = ids.subquery()
    chosen = select(incidents).join(newest, newest.c.id == c.id).order_by(c.id.desc())
    return connection.execute(chosen).mappings().all()


def in_turn(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Open incidents, so many at once: where there are more, those that follow the last ones."""
    c = incidents.c
    last = mark(connection, "living")
    chosen = select(incidents).where(c.open_subject.is_not(None), c.id > last).order_by(c.id)
    found = connection.execute(chosen.limit(limit)).mappings().all()
    reached = found[-1]["id"] if len(found) == limit else 0
    if reached != last:
        move(connection, "living", reached)
    return found


def opened_since(connection: Connection, since: datetime, kinds: Sequence[str] = (GROUP,)) -> int:
    """How many incidents of these kinds were opened, or opened again, after a moment."""
    c = incidents.c
    chosen = select(func.count()).select_from(incidents).where(c.kind.in_(kinds))
    opened = chosen.where(c.opened_at > since)
    again = chosen.where(c.open_subject.is_not(None), c.reopened_at > since, c.opened_at <= since)
    return sum(int(connection.execute(one).scalar_one()) for one in (opened, again))


def posted_since(connection: Connection, since: datetime) -> int:
    """How many open incidents were posted after a moment."""
    return _open_with(connection, incidents.c.posted_at > since)


def escalated_since(connection: Connection, since: datetime) -> int:
    """Of how many open incidents somebody was called again after a moment."""
    return _open_with(connection, incidents.c.escalated_at > since)


def _open_with(connection: Connection, which: ColumnElement[bool]) -> int:
    chosen = select(func.count()).select_from(incidents)
    there = chosen.where(incidents.c.open_subject.is_not(None), which)
    return int(connection.execute(there).scalar_one())


def latest_summary(connection: Connection, since: datetime) -> RowMapping | None:
    """The summary that was opened last, where that was after a moment."""
    c = incidents.c
    chosen = select(incidents).where(
        c.opened_at > since, c.kind == SUMMARY, c.open_subject.is_not(None)
    )
    return connection.execute(chosen.order_by(c.id.desc()).limit(1)).mappings().first()


def posted(connection: Connection, incident: int, channel: str, ts: str) -> None:
    """Slack has the incident's message, here."""
    note(connection, incident, channel=channel, message_ts=ts)


def unposted(connection: Connection, incident: int, place: tuple[str, str]) -> None:
    """The message in this place is gone or out of reach; while it is open another one is posted.

    Where that one was posted already, nothing changes.
    """
    c = incidents.c
    lost = update(incidents).where(
        c.id == incident, c.channel == place[0], c.message_ts == place[1]
    )
    forgotten = {"channel": None, "message_ts": None, "posted_at": None, "stale": True}
    connection.execute(lost.values(**forgotten))


def stale(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Incidents whose message says less than their row, locked: what changes one comes after.

    Those that were not drawn for the longest time come first.
    """
    c = incidents.c
    # What Slack does not have yet cannot be edited: it would hold back the edits behind it.
    is_there = or_(c.posted_at.is_(None), c.message_ts.is_not(None))
    chosen = select(incidents).where(c.stale, is_there).order_by(c.drawn_at, c.id).limit(limit)
    return connection.execute(for_update(chosen)).mappings().all()


def still_failed(row: RowMapping) -> int:
    """How many of an incident's failures are still in `failed_jobs`, as far as it was booked."""
    return max(0, int(row["count"]) - int(row["gone"]))


def is_bad(row: RowMapping) -> bool:
    """Whether it is open and something is still wrong, so that there is something to do."""
    if row["open_subject"] is None:
        return False
    return row["clear_since"] is None if row["kind"] in CONDITIONS else still_failed(row) > 0
