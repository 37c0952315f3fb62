"""Delivery of the outbox messages: the due messages, and the result of each attempt.

Each attempt first claims its message, so that only one of two processes stores a result.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, not_, select, update

from bot.store.leases import Lease
from bot.store.outbox import AUDIT, POST, REFUSALS, OutboxMessage, outbox_message
from bot.store.tables import outbox

REFUSALS_WAIT = timedelta(minutes=1)
"""Refusals wait for a change's audit message only if its next attempt is within this time."""


def due(connection: Connection, now: datetime, limit: int = 20) -> list[OutboxMessage]:
    """Return the oldest unsent message of each channel and kind, if it is due.

    This keeps the order of messages in each channel. A message that waits, for example for a rate
    limit, blocks only messages of its channel and kind. Refusals also wait for changes, but
    changes do not wait for refusals: many refusals must not delay the audit message of a change.
    """
    c = outbox.c
    # Refusals of one person, which gather for a minute, do not block refusals of other people.
    gathering = and_(c.kind == REFUSALS, c.attempts == 0, c.next_attempt_at > now)
    waiting = and_(c.sent_at.is_(None), not_(gathering))
    heads = select(func.min(c.id)).where(waiting).group_by(c.channel, c.kind).scalar_subquery()
    rows = connection.execute(select(outbox).where(c.id.in_(heads)).order_by(c.id)).mappings().all()
    soon = now + REFUSALS_WAIT
    changes = {
        row["channel"] for row in rows if row["kind"] == AUDIT and row["next_attempt_at"] <= soon
    }
    ready = [
        outbox_message(row)
        for row in rows
        if row["next_attempt_at"] <= now and not is_behind(row["kind"], row["channel"], changes)
    ]
    return ready[:limit]


def is_behind(kind: str, channel: str, changes: Collection[str]) -> bool:
    """Return whether a message waits because a change of its channel has no audit message yet.

    `changes` are the channels with such a change. The mutant `no_order_of_refusals`
    proves this order.
    """
    return kind == REFUSALS and channel in changes


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
