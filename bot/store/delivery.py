"""Delivery of the outbox messages: the due messages, and the result of each attempt.

Each attempt first claims its message, so that only one of two processes stores a result.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from bot.store.leases import Lease
from bot.store.outbox import POST, OutboxMessage, outbox_message
from bot.store.tables import outbox


def due(connection: Connection, now: datetime, limit: int = 20) -> list[OutboxMessage]:
    """Return the oldest unsent message of each channel and kind, if it is due.

    This keeps the order of messages in each channel. A message may wait for a rate limit, or for a
    minute of equal refusals. It then blocks only messages of its channel and kind.
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
    return [outbox_message(row) for row in rows]


def claim(connection: Connection, message: OutboxMessage, lease: Lease, again_at: datetime) -> bool:
    """Claim the message for one attempt; forbid the next attempt until `again_at`."""
    result = connection.execute(
        update(outbox)
        .where(
            outbox.c.id == message.id,
            outbox.c.sent_at.is_(None),
            outbox.c.attempts == message.attempts,
        )
        .values(
            claimed_epoch=lease.epoch,
            attempts=message.attempts + 1,
            next_attempt_at=again_at,
            # Until Slack's answer is known, the message may or may not be posted.
            in_doubt=True,
        )
    )
    return result.rowcount == 1


def sent(
    connection: Connection,
    message: OutboxMessage,
    channel: str | None,
    ts: str | None,
    now: datetime,
) -> bool:
    """Mark the message as sent, with its channel and ts; both are None if no post was needed.

    Returns False if another process claimed the message later and already marked it as sent.
    """
    result = connection.execute(
        update(outbox)
        .where(outbox.c.id == message.id, outbox.c.sent_at.is_(None))
        .values(sent_at=now, sent_channel=channel, sent_ts=ts, in_doubt=False, error=None)
    )
    return result.rowcount == 1


def _mine(message: OutboxMessage) -> ColumnElement[bool]:
    """Return the condition that no later attempt has claimed the unsent message."""
    return and_(
        outbox.c.id == message.id,
        outbox.c.sent_at.is_(None),
        outbox.c.attempts == message.attempts + 1,
    )


def put_off(
    connection: Connection,
    message: OutboxMessage,
    error: str,
    again_at: datetime,
    *,
    in_doubt: bool,
) -> None:
    """Store a failed attempt; retry at `again_at`. `in_doubt` means that the result is unknown."""
    connection.execute(
        update(outbox)
        .where(_mine(message))
        .values(error=error[:64], next_attempt_at=again_at, in_doubt=in_doubt, claimed_epoch=None)
    )


def redirect(connection: Connection, message: OutboxMessage, channel: str, now: datetime) -> None:
    """Move the message to another channel, because the bot cannot post in its first channel."""
    connection.execute(
        update(outbox)
        .where(_mine(message))
        .values(channel=channel, next_attempt_at=now, in_doubt=False, claimed_epoch=None)
    )


def tell_apart(connection: Connection, message: OutboxMessage, channel: str, now: datetime) -> None:
    """Change a thread's reply into a separate message in another channel."""
    connection.execute(
        update(outbox)
        .where(_mine(message))
        .values(
            kind=POST,
            subject=f"apart:{message.id}",
            channel=channel,
            next_attempt_at=now,
            in_doubt=False,
            claimed_epoch=None,
        )
    )
