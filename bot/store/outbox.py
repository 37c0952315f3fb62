"""The outbox: messages commit together with their change; the bot retries until Slack has them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, func, insert, select, update

from bot.models.requests import Message
from bot.store.tables import outbox

POST, EDIT, AUDIT, REFUSALS, REPLY = "post", "edit", "audit", "refusals", "reply"
"""`refusals` is like `audit`, but for the refusals of one person within a minute. Such a message
waits until the changes of its channel are posted."""


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A row of the outbox: the message, its channel, its attempts and its last error."""

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
    """Post a new message in a channel; later edits and links find the message by `subject`."""
    _put(connection, POST, channel, subject, _body(message), now)


def edit(
    connection: Connection, channel: str, subject: str, message: Message, now: datetime
) -> None:
    """Edit the message about the subject; replace an earlier edit that still waits.

    The new edit keeps the replaced edit's due time, because Slack may have demanded a delay.
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
    """Edit the message about the subject; a waiting edit gets the new body and keeps its place.

    So a message that changes often does not always wait behind other messages. Only the process
    that also delivers may call this: another process could not distinguish the replaced edit from
    the new edit.
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
    """Post a reply in the thread of the message about the subject."""
    _put(connection, REPLY, channel, subject, _body(message), now)


def channel_of(connection: Connection, subject: str) -> str | None:
    """Return the channel of the subject's message, which may be posted or waiting."""
    query = (
        select(outbox.c.channel)
        .where(outbox.c.subject == subject, outbox.c.kind == POST)
        .order_by(outbox.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar()


def tell_audit(
    connection: Connection,
    kind: str,
    channel: str,
    subject: str,
    seq: int,
    now: datetime,
    due: datetime | None = None,
) -> None:
    """Post a sealed record, not before `due`; the delivery renders the record's text.

    A delayed message gets `due` as its creation time: the next minute of `latest` starts at `due`.
    """
    _put(connection, kind, channel, subject, {"seqs": [seq]}, due or now, due)


def latest(connection: Connection, subject: str, since: datetime) -> OutboxMessage | None:
    """Return the newest message about the subject that was created after `since`."""
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
    return None if row is None else outbox_message(row)


def add_to(connection: Connection, message: OutboxMessage, seq: int) -> bool:
    """Add a record to a message; return False if its delivery was already attempted."""
    body = {"seqs": [*message.body["seqs"], seq]}
    result = connection.execute(
        update(outbox)
        .where(outbox.c.id == message.id, outbox.c.sent_at.is_(None), outbox.c.attempts == 0)
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


def outbox_message(row: RowMapping) -> OutboxMessage:
    """Return the outbox message of a row."""
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


def place(connection: Connection, subject: str) -> tuple[str, str] | None:
    """Return the channel and the ts of the subject's message, or None if Slack does not have it."""
    row = connection.execute(
        select(outbox.c.sent_channel, outbox.c.sent_ts)
        .where(outbox.c.subject == subject, outbox.c.kind == POST, outbox.c.sent_ts.is_not(None))
        .order_by(outbox.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else (row.sent_channel, row.sent_ts)


def last_said(connection: Connection, subject: str) -> Mapping[str, Any] | None:
    """Return the text and the blocks of the subject's newest message, which may be unsent."""
    body = connection.execute(
        select(outbox.c.body)
        .where(outbox.c.subject == subject, outbox.c.kind.in_((POST, EDIT)))
        .order_by(outbox.c.id.desc())
        .limit(1)
    ).scalar()
    message: Mapping[str, Any] | None = None if body is None else json.loads(body)
    return message


def waits(connection: Connection, subject: str) -> bool:
    """Return whether a post about the subject still waits for delivery."""
    row = connection.execute(
        select(outbox.c.id)
        .where(outbox.c.subject == subject, outbox.c.kind == POST, outbox.c.sent_at.is_(None))
        .limit(1)
    ).first()
    return row is not None
