"""What went wrong, told once: a row an incident, and one message that is edited through its life.

A row is changed with what it tells of; `stale` says that its message has to follow, and the
watcher edits it. Kinds: `failure` (one failed job) and `summary` (the rest of a busy minute).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select, update

from bot.ledger.tables import failures
from bot.ledger.watching import incidents
from bot.queue.moves import for_update

FAILURE, SUMMARY = "failure", "summary"
GROUP, OLDEST, RESERVED, FAILED = "group", "oldest", "reserved", "failed"
BACKLOG, SILENT = "backlog", "silent"


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


def by_id(connection: Connection, incident: int) -> RowMapping | None:
    """The incident with this id."""
    return (
        connection.execute(select(incidents).where(incidents.c.id == incident)).mappings().first()
    )


def by_message(connection: Connection, channel: str, ts: str) -> RowMapping | None:
    """The incident that this message tells of."""
    return (
        connection.execute(
            select(incidents).where(incidents.c.channel == channel, incidents.c.message_ts == ts)
        )
        .mappings()
        .first()
    )


def posted(connection: Connection, incident: int, channel: str, ts: str) -> None:
    """Slack has the incident's message, here."""
    connection.execute(
        update(incidents).where(incidents.c.id == incident).values(channel=channel, message_ts=ts)
    )


def opened_since(connection: Connection, kind: str, since: datetime) -> int:
    """How many incidents of a kind were opened after a moment."""
    return connection.execute(
        select(func.count())
        .select_from(incidents)
        .where(incidents.c.opened_at > since, incidents.c.kind == kind)
    ).scalar_one()


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


def stale(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Incidents whose message says less than their row, locked: what changes one comes after."""
    chosen = select(incidents).where(incidents.c.stale).order_by(incidents.c.id).limit(limit)
    return connection.execute(for_update(chosen)).mappings().all()


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
