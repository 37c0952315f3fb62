"""Deliver the outbox messages at least once, and in order within a channel.

A message is sent again only if the cause of the failed attempt is known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection

from bot.app.limits import Bucket
from bot.app.setup import Setup
from bot.background.leader import SECONDS, leader_snapshot, leader_transaction
from bot.background.outbox.delivery_errors import DeliveryError, Fault, is_hopeless, put_off
from bot.background.outbox.render import body_of, incident_of, place_of
from bot.database.transactions import changing, time_limit
from bot.failpoints import reach
from bot.models.refusals import Refusal
from bot.store import delivery, outbox
from bot.store.incidents import transitions
from bot.store.leases import Lease
from bot.store.outbox import OutboxMessage
from bot.text import Mrkdwn, cut

log = structlog.get_logger(__name__)

# The time is longer than the client's timeout: no second attempt starts during the first attempt.
ATTEMPT = timedelta(seconds=30)


class Poster(Protocol):
    """The client of Slack; `post` and `update` raise `DeliveryError`."""

    def post(self, channel: str, body: Mapping[str, Any]) -> str:
        """Post a message and return its ts."""
        ...

    def update(self, channel: str, ts: str, body: Mapping[str, Any]) -> None:
        """Edit a message."""
        ...

    def permalink(self, channel: str, ts: str) -> str:
        """Return the message's address."""
        ...


@dataclass
class SlackRates:
    """Slack's rates: about one message a second in a channel, and one budget for all edits.

    `chat.update` is Tier 3, 50 a minute (docs.slack.dev/apis/web-api/rate-limits).
    """

    clock: Callable[[], float] = monotonic
    _channels: dict[str, Bucket] = field(default_factory=dict)
    _edits: Bucket | None = None

    def allows(self, message: OutboxMessage) -> bool:
        """Return whether this message may be sent now."""
        if message.kind == outbox.EDIT:
            if self._edits is None:
                self._edits = Bucket(10, 0.75, self.clock)
            return self._edits.take()
        bucket = self._channels.setdefault(message.channel, Bucket(5, 1.0, self.clock))
        return bucket.take()


def deliver_once(setup: Setup, poster: Poster, lease: Lease, rates: SlackRates) -> int:
    """Try each due message once; return the number of messages that Slack accepted."""
    with leader_snapshot(setup) as connection:
        messages = sorted(delivery.due(connection, setup.clock(connection)), key=_rank)
    return sum(
        _deliver(setup, poster, lease, message) for message in messages if rates.allows(message)
    )


def _rank(message: OutboxMessage) -> bool:
    """Return a sort key that puts edits of alerts last.

    People wait for the answers to their requests, and all channels share the budget for edits. The
    retry of an error group edits many alerts at once.
    """
    return message.kind == outbox.EDIT and not message.subject.startswith("request:")


def _deliver(setup: Setup, poster: Poster, lease: Lease, message: OutboxMessage) -> bool:
    def claim(connection: Connection, now: datetime) -> bool:
        return delivery.claim(connection, message, lease, now + ATTEMPT)

    if not leader_transaction(setup, lease, claim):
        return False
    reach("message-claimed")
    try:
        channel, ts = _send(setup, poster, message)
        reach("message-posted")
    except DeliveryError as error:
        fault = error  # Python deletes the name `error` at the end of the except clause
    except Refusal:
        raise
    except Exception as error:
        # A message that cannot be rendered waits like a message that Slack refused. It must not
        # block other messages.
        log.exception("outbox message broken", outbox_id=message.id, subject=message.subject)
        fault = DeliveryError(Fault.BROKEN, type(error).__name__)
    else:
        _note(setup, lambda connection: _note_sent(setup, connection, message, channel, ts))
        return ts is not None
    write = log.info if fault.fault is Fault.RATE else log.warning
    write("not delivered", outbox_id=message.id, channel=message.channel, because=str(fault))
    _note(setup, lambda connection: put_off(setup, connection, message, fault))
    return False


def _note(setup: Setup, work: Callable[[Connection], Any]) -> None:
    """Store the result of an attempt; this also works after the lease was lost."""
    changing(setup.engine, time_limit(setup.engine, SECONDS), work)


def _send(setup: Setup, poster: Poster, message: OutboxMessage) -> tuple[str | None, str | None]:
    """Send the message and return its channel and ts.

    Both are None if the message to edit is missing.
    """
    place = None
    if message.kind in (outbox.EDIT, outbox.REPLY):
        with leader_snapshot(setup) as connection:
            place = place_of(connection, message.subject)
            if place is None and outbox.waits(connection, message.subject):
                raise DeliveryError(Fault.RATE, "its message is not posted yet", 1.0)
    if message.kind == outbox.EDIT:
        if place is None:
            return None, None
        _try(lambda body: poster.update(*place, body), message.body)
        return place
    body = body_of(setup, message, poster.permalink, bare=is_hopeless(message))
    if place is not None:
        return place[0], _reply(poster, *place, body)
    ts = _try(lambda content: poster.post(message.channel, content), body)
    return message.channel, ts


def _reply(poster: Poster, channel: str, thread: str, body: Mapping[str, Any]) -> str:
    """Reply in a thread, or in the channel itself if somebody deleted the thread's message."""
    try:
        ts: str = _try(lambda content: poster.post(channel, {**content, "thread_ts": thread}), body)
    except DeliveryError as fault:
        if fault.fault is not Fault.GONE:
            raise
        ts = _try(lambda content: poster.post(channel, content), body)
    return ts


def _try(send: Callable[[Mapping[str, Any]], Any], body: Mapping[str, Any]) -> Any:
    """Send the body; send only its text if Slack refuses the layout, so that no message is lost."""
    try:
        return send(body)
    except DeliveryError as fault:
        if fault.fault not in (Fault.LAYOUT, Fault.REFUSED):
            raise
        return send({"text": cut(Mrkdwn(body["text"]), 3_000)})


def _note_sent(
    setup: Setup,
    connection: Connection,
    message: OutboxMessage,
    channel: str | None,
    ts: str | None,
) -> None:
    if not delivery.sent(connection, message, channel, ts, setup.clock(connection)):
        return
    number = incident_of(message)
    if number is not None and message.kind == outbox.POST and channel and ts:
        transitions.mark_posted(connection, number, channel, ts)
