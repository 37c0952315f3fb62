"""What went wrong, told once: a row an incident, and one message that is edited through its life.

A row is changed with what it tells of; `stale` says that its message has to follow, and the watcher
edits it. An open incident holds its subject (`group:12`, `oldest:mail`) in a unique column, so that
two watchers cannot both open one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.ledger.tables import failures
from bot.ledger.watching import incidents
from bot.queue.database import LostRace
from bot.queue.moves import for_update

FAILURE = "failure"
GROUP, OLDEST, RESERVED, FAILED = "group", "oldest", "reserved", "failed"
BACKLOG, SILENT, SUMMARY = "backlog", "silent", "summary"
CONDITIONS = (OLDEST, RESERVED, FAILED, BACKLOG, SILENT)
"""Kinds that are about figures; the others are about failures."""

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
    """An incident that is open now, and whether it was (`open`) or was made so by this call."""

    id: int
    state: Literal["open", "opened", "reopened"]


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
    lately = select(c.id).where(c.subject == subject.name, c.closed_at > now - REOPENED_WITHIN)
    found = connection.execute(lately.order_by(c.id.desc()).limit(1)).scalar()
    if found is None:
        return None
    opened_again = dict(
        _OPEN, last_at=now, reopened=c.reopened + 1, reopened_at=now, acknowledged_by=None,
        acknowledged_at=None, escalations=0, escalated_at=None,
    )  # fmt: skip
    note(connection, found, **opened_again)
    return Opened(found, "reopened")


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


def open_as_before(connection: Connection, incident: int) -> None:
    """Open a closed incident whose failures somebody put back: nothing new has gone wrong.

    Raises `LostRace` where another one of its subject was opened meanwhile.
    """
    try:
        note(connection, incident, **_OPEN)
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


def add(connection: Connection, incident: int, came: int, gone: int, **values: Any) -> None:
    """So many failures more belong to it, some of which are gone already."""
    c = incidents.c
    note(connection, incident, count=c.count + came, gone=c.gone + gone, stale=True, **values)


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


def open_ones(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Open incidents, the newest first."""
    c = incidents.c
    chosen = select(incidents).where(c.open_subject.is_not(None)).order_by(c.id.desc())
    return connection.execute(chosen.limit(limit)).mappings().all()


def opened_since(connection: Connection, since: datetime, kind: str = GROUP) -> int:
    """How many incidents of a kind were opened, or opened again, after a moment."""
    c = incidents.c
    chosen = select(func.count()).select_from(incidents).where(c.kind == kind)
    opened = chosen.where(c.opened_at > since)
    again = chosen.where(c.open_subject.is_not(None), c.reopened_at > since, c.opened_at <= since)
    return sum(int(connection.execute(one).scalar_one()) for one in (opened, again))


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


def unposted(connection: Connection, incident: int) -> None:
    """Somebody deleted its message; while it is open the watcher posts another."""
    note(connection, incident, channel=None, message_ts=None, posted_at=None, stale=True)


def stale(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Incidents whose message says less than their row, locked: what changes one comes after.

    Those that were not drawn for the longest time come first.
    """
    c = incidents.c
    chosen = select(incidents).where(c.stale).order_by(c.drawn_at, c.id).limit(limit)
    return connection.execute(for_update(chosen)).mappings().all()


def still_failed(row: RowMapping) -> int:
    """How many of an incident's failures are still in `failed_jobs`, as far as it was booked."""
    return max(0, int(row["count"]) - int(row["gone"]))


def open_incident(
    connection: Connection,
    kind: str,
    key: str,
    now: datetime,
    *,
    failed_id: int | None = None,
    row_digest: str | None = None,
) -> int:
    """A new incident's id; the key is unique, so that two watchers cannot both open it."""
    made = connection.execute(
        insert(incidents).values(
            kind=kind,
            subject=key,
            open_subject=key,
            opened_at=now,
            last_at=now,
            count=0,
            failed_id=failed_id,
            row_digest=row_digest,
        )
    )
    return int(made.lastrowid)


def assign(connection: Connection, incident: int, seqs: Sequence[int]) -> None:
    """Give failures to the incident; its message will say the new count."""
    connection.execute(
        update(failures)
        .where(failures.c.seq.in_(seqs), failures.c.incident.is_(None))
        .values(incident=incident)
    )
    connection.execute(
        update(incidents)
        .where(incidents.c.id == incident)
        .values(count=incidents.c.count + len(seqs), stale=True)
    )


def by_key(connection: Connection, key: str) -> RowMapping | None:
    """The incident with this key."""
    return (
        connection.execute(select(incidents).where(incidents.c.subject == key)).mappings().first()
    )


def waiting(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Failures that belong to no incident yet, in the order of `seq`."""
    return (
        connection.execute(
            select(failures)
            .where(failures.c.incident.is_(None))
            .order_by(failures.c.seq)
            .limit(limit)
        )
        .mappings()
        .all()
    )


def settle(
    connection: Connection, ids: Sequence[int], by: str | None, how: str, now: datetime
) -> None:
    """Say of incidents who dealt with failures of theirs; their messages will follow."""
    if ids:
        connection.execute(
            update(incidents)
            .where(incidents.c.id.in_(ids))
            .values(settled_by=by, settled_how=how, settled_at=now, stale=True)
        )


def of_failures(connection: Connection, which: ColumnElement[bool]) -> Sequence[int]:
    """The ids of the incidents that these failures belong to."""
    chosen = select(failures.c.incident).where(which, failures.c.incident > 0).distinct()
    return connection.execute(chosen.order_by(failures.c.incident)).scalars().all()


def reopen(connection: Connection, ids: Sequence[int]) -> None:
    """Say of incidents that failures of theirs are there again; their messages will follow."""
    if ids:
        connection.execute(
            update(incidents)
            .where(incidents.c.id.in_(ids))
            .values(
                settled_by=None,
                settled_how=None,
                settled_at=None,
                open_subject=incidents.c.subject,
                closed_at=None,
                stale=True,
            )
        )


def of_failure(connection: Connection, seq: int | None) -> RowMapping | None:
    """The incident whose message is about this failure alone."""
    if seq is None:
        return None
    chosen = (
        select(incidents)
        .join(failures, failures.c.incident == incidents.c.id)
        .where(failures.c.seq == seq, incidents.c.kind == FAILURE)
    )
    return connection.execute(chosen).mappings().first()


def touch(connection: Connection, seq: int) -> None:
    """More is known of what became of this failure: its own message will say it."""
    found = of_failure(connection, seq)
    if found is not None:
        connection.execute(
            update(incidents).where(incidents.c.id == found["id"]).values(stale=True)
        )


def left(connection: Connection, incident: int) -> int:
    """How many of the incident's failures are still in `failed_jobs`."""
    return connection.execute(
        select(func.count())
        .select_from(failures)
        .where(failures.c.incident == incident, failures.c.gone_at.is_(None))
    ).scalar_one()


def refreshed(connection: Connection, incident: int, now: datetime, *, closed: bool) -> None:
    """The message follows the row: nothing is stale any more."""
    connection.execute(
        update(incidents)
        .where(incidents.c.id == incident)
        .values(
            stale=False,
            closed_at=now if closed else None,
            open_subject=None if closed else incidents.c.subject,
        )
    )
