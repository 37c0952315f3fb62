"""What is to be said in Slack: committed with what it tells of, delivered until Slack has it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from bot.models.requests import Message
from bot.store.leases import Lease
from bot.store.tables import outbox

POST, EDIT, AUDIT, REFUSALS, REPLY = "post", "edit", "audit", "refusals", "reply"
"""`refusals` is `audit` for equal refusals that wait for their minute: they hold back no other."""


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A row that is due: what to say, where, how often it was tried, and what was wrong last."""

    id: int
    kind: str
    channel: str
    subject: str
    body: Mapping[str, Any]
    attempts: int
    in_doubt: bool
    created_at: datetime
    error: str | None = None


def post(
    connection: Connection, channel: str, subject: str, message: Message, now: datetime
) -> None:
    """Say something new in a channel; `subject` is what later edits and links name it by."""
    _put(connection, POST, channel, subject, _body(message), now)


def edit(
    connection: Connection, channel: str, subject: str, message: Message, now: datetime
) -> None:
    """Change what was posted about the subject; an edit that still waits is replaced.

    The new one comes no sooner than the old would have: Slack may have said how long to wait.
    """
    waiting = and_(
        outbox.c.subject == subject,
        outbox.c.kind == EDIT,
        outbox.c.sent_at.is_(None),
        outbox.c.claimed_epoch.is_(None),
    )
    due = connection.execute(select(func.max(outbox.c.next_attempt_at)).where(waiting)).scalar()
    connection.execute(delete(outbox).where(waiting))
    _put(connection, EDIT, channel, subject, _body(message), now, due)


def edit_in_turn(
    connection: Connection, channel: str, subject: str, message: Message, now: datetime
) -> None:
    """The same, but an edit that waits keeps its place in the line of edits.

    So what changes all the time does not always wait behind the others. Only for who also delivers:
    to another one the letter that is replaced and the new one would look the same.
    """
    waits = and_(
        outbox.c.subject == subject,
        outbox.c.kind == EDIT,
        outbox.c.sent_at.is_(None),
        outbox.c.claimed_epoch.is_(None),
    )
    changed = update(outbox).where(waits)
    body = json.dumps(_body(message), ensure_ascii=False)
    if not connection.execute(changed.values(body=body)).rowcount:
        _put(connection, EDIT, channel, subject, _body(message), now)


def reply(
    connection: Connection, channel: str, subject: str, message: Message, now: datetime
) -> None:
    """Answer in the thread of what was posted about the subject."""
    _put(connection, REPLY, channel, subject, _body(message), now)


def channel_of(connection: Connection, subject: str) -> str | None:
    """Where something was posted about the subject, or is going to be."""
    chosen = (
        select(outbox.c.channel)
        .where(outbox.c.subject == subject, outbox.c.kind == POST)
        .order_by(outbox.c.id.desc())
        .limit(1)
    )
    return connection.execute(chosen).scalar()


def tell_audit(
    connection: Connection,
    kind: str,
    channel: str,
    subject: str,
    seq: int,
    now: datetime,
    due: datetime | None = None,
) -> None:
    """Post a sealed record, not before `due`; it is drawn when it is sent.

    What waits for its time counts as made then: the next minute of `latest` begins there.
    """
    _put(connection, kind, channel, subject, {"seqs": [seq]}, due or now, due)


def latest(connection: Connection, subject: str, since: datetime) -> OutboxMessage | None:
    """The newest row about the subject that is younger than `since`."""
    row = (
        connection.execute(
            select(outbox)
            .where(outbox.c.subject == subject, outbox.c.created_at > since)
            .order_by(outbox.c.id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    return None if row is None else _letter(row)


def add_to(connection: Connection, letter: OutboxMessage, seq: int) -> bool:
    """Let a message that nobody has tried to send yet tell of one more record."""
    body = {"seqs": [*letter.body["seqs"], seq]}
    result = connection.execute(
        update(outbox)
        .where(outbox.c.id == letter.id, outbox.c.sent_at.is_(None), outbox.c.attempts == 0)
        .values(body=json.dumps(body))
    )
    return result.rowcount == 1


def _body(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}


def _put(
    connection: Connection,
    kind: str,
    channel: str,
    subject: str,
    body: Mapping[str, Any],
    now: datetime,
    due: datetime | None = None,
) -> None:
    connection.execute(
        insert(outbox).values(
            kind=kind,
            channel=channel,
            subject=subject,
            body=json.dumps(body, ensure_ascii=False),
            created_at=now,
            next_attempt_at=due or now,
        )
    )


def due(connection: Connection, now: datetime, limit: int = 20) -> list[OutboxMessage]:
    """The oldest unsent row of each channel, where its time has come: a channel keeps its order.

    A row that waits (rate limit, a minute of equal refusals) holds back only its own channel, and
    only rows of its own kind.
    """
    waiting = outbox.c.sent_at.is_(None)
    heads = (
        select(func.min(outbox.c.id)).where(waiting).group_by(outbox.c.channel, outbox.c.kind)
    ).scalar_subquery()
    rows = connection.execute(
        select(outbox)
        .where(outbox.c.id.in_(heads), outbox.c.next_attempt_at <= now)
        .order_by(outbox.c.id)
        .limit(limit)
    ).mappings()
    return [_letter(row) for row in rows]


def _letter(row: RowMapping) -> OutboxMessage:
    return OutboxMessage(
        id=row["id"],
        kind=row["kind"],
        channel=row["channel"],
        subject=row["subject"],
        body=json.loads(row["body"]),
        attempts=row["attempts"],
        in_doubt=bool(row["in_doubt"]),
        created_at=row["created_at"],
        error=row["error"],
    )


def claim(connection: Connection, letter: OutboxMessage, lease: Lease, again_at: datetime) -> bool:
    """Take the row for one attempt; until `again_at` nobody tries it again."""
    result = connection.execute(
        update(outbox)
        .where(
            outbox.c.id == letter.id,
            outbox.c.sent_at.is_(None),
            outbox.c.attempts == letter.attempts,
        )
        .values(
            claimed_epoch=lease.epoch,
            attempts=letter.attempts + 1,
            next_attempt_at=again_at,
            # Until the answer is known, the message may have been posted.
            in_doubt=True,
        )
    )
    return result.rowcount == 1


def sent(
    connection: Connection,
    letter: OutboxMessage,
    channel: str | None,
    ts: str | None,
    now: datetime,
) -> bool:
    """The message is in Slack, at this channel and ts; without them, nothing was left to say.

    False where somebody who took the row over has said so before.
    """
    result = connection.execute(
        update(outbox)
        .where(outbox.c.id == letter.id, outbox.c.sent_at.is_(None))
        .values(sent_at=now, sent_channel=channel, sent_ts=ts, in_doubt=False, error=None)
    )
    return result.rowcount == 1


def _mine(letter: OutboxMessage) -> ColumnElement[bool]:
    """Whether the attempt that began with this letter is still the last one."""
    return and_(
        outbox.c.id == letter.id,
        outbox.c.sent_at.is_(None),
        outbox.c.attempts == letter.attempts + 1,
    )


def put_off(
    connection: Connection, letter: OutboxMessage, error: str, again_at: datetime, *, in_doubt: bool
) -> None:
    """The attempt failed, or nobody knows (`in_doubt`); try again at `again_at`."""
    connection.execute(
        update(outbox)
        .where(_mine(letter))
        .values(error=error[:64], next_attempt_at=again_at, in_doubt=in_doubt, claimed_epoch=None)
    )


def redirect(connection: Connection, letter: OutboxMessage, channel: str, now: datetime) -> None:
    """Say it in another channel, because the bot cannot post in the one it was meant for."""
    connection.execute(
        update(outbox)
        .where(_mine(letter))
        .values(channel=channel, next_attempt_at=now, in_doubt=False, claimed_epoch=None)
    )


def tell_apart(connection: Connection, letter: OutboxMessage, channel: str, now: datetime) -> None:
    """Say what was meant for a thread in another channel, as a message of its own."""
    connection.execute(
        update(outbox)
        .where(_mine(letter))
        .values(
            kind=POST,
            subject=f"apart:{letter.id}",
            channel=channel,
            next_attempt_at=now,
            in_doubt=False,
            claimed_epoch=None,
        )
    )


def place(connection: Connection, subject: str) -> tuple[str, str] | None:
    """Channel and ts of what was posted about the subject, where Slack has it."""
    row = connection.execute(
        select(outbox.c.sent_channel, outbox.c.sent_ts)
        .where(outbox.c.subject == subject, outbox.c.kind == POST, outbox.c.sent_ts.is_not(None))
        .order_by(outbox.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else (row.sent_channel, row.sent_ts)


def last_said(connection: Connection, subject: str) -> Mapping[str, Any] | None:
    """Text and blocks of the newest message about the subject, sent or not."""
    body = connection.execute(
        select(outbox.c.body)
        .where(outbox.c.subject == subject, outbox.c.kind.in_((POST, EDIT)))
        .order_by(outbox.c.id.desc())
        .limit(1)
    ).scalar()
    found: Mapping[str, Any] | None = None if body is None else json.loads(body)
    return found


def waits(connection: Connection, subject: str) -> bool:
    """Whether a post about the subject is still to be sent."""
    found = connection.execute(
        select(outbox.c.id)
        .where(outbox.c.subject == subject, outbox.c.kind == POST, outbox.c.sent_at.is_(None))
        .limit(1)
    ).first()
    return found is not None
