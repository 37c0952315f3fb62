"""Delivery of the outbox's messages: which are due, and the result of each attempt.

An attempt claims its message first, so that of two processes only one marks its result.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from bot.store.leases import Lease
from bot.store.outbox import POST, OutboxMessage, outbox_message
from bot.store.tables import outbox


def due(connection: Connection, now: datetime, limit: int = 20) -> list[OutboxMessage]:
    """Return the oldest unsent message of each channel and kind, if it is due.

    So each channel keeps its order. A message that waits (rate limit, a minute of equal refusals)
    blocks only messages of its own channel and kind.
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
    """Claim the message for one attempt; the next attempt is not before `again_at`."""
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
            # Until the answer is known, the message may have been posted.
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
    """Mark the message as sent, in this channel with this ts; both are None if none was needed.

    Returns False if another process, which had taken it over, already marked it.
    """
    result = connection.execute(
        update(outbox)
        .where(outbox.c.id == message.id, outbox.c.sent_at.is_(None))
        .values(sent_at=now, sent_channel=channel, sent_ts=ts, in_doubt=False, error=None)
    )
    return result.rowcount == 1


def _mine(message: OutboxMessage) -> ColumnElement[bool]:
    """Whether the attempt that started from this message is still the last one."""
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
    """Store a failed attempt, or one with an unknown result (`in_doubt`); retry at `again_at`."""
    connection.execute(
        update(outbox)
        .where(_mine(message))
        .values(error=error[:64], next_attempt_at=again_at, in_doubt=in_doubt, claimed_epoch=None)
    )


def redirect(connection: Connection, message: OutboxMessage, channel: str, now: datetime) -> None:
    """Move the message to another channel, because the bot cannot post in the original one."""
    connection.execute(
        update(outbox)
        .where(_mine(message))
        .values(channel=channel, next_attempt_at=now, in_doubt=False, claimed_epoch=None)
    )


def tell_apart(connection: Connection, message: OutboxMessage, channel: str, now: datetime) -> None:
    """Post a thread's reply in another channel, as a separate message."""
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
