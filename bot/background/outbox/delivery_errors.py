"""Handle messages that Slack did not accept: try again, use another channel, or drop them."""

from datetime import datetime, timedelta
from enum import Enum

import structlog
from sqlalchemy import Connection

from bot.app.setup import Setup
from bot.background.outbox.render import incident_of, place_of
from bot.models.requests import Message
from bot.store import delivery, outbox
from bot.store.incidents import lookups, transitions
from bot.store.outbox import OutboxMessage
from bot.text import texts_for

log = structlog.get_logger(__name__)

FIRST_WAIT = 2.0
LONGEST_WAIT = 60.0
TRIES = 5
"""A message that Slack refuses no longer blocks its channel after this many tries."""
CHANNEL_WAIT = timedelta(seconds=30)
HEALTH = "health:"
"""The prefix of subjects of notices about the bot's own messages."""


class Fault(Enum):
    """Why Slack did not accept a message; `BROKEN` if the bot could not render it."""

    RATE = "rate"
    CHANNEL = "channel"
    LAYOUT = "layout"
    GONE = "gone"
    AUTH = "auth"
    REFUSED = "refused"
    BROKEN = "broken"
    UNKNOWN = "unknown"


HOPELESS = (Fault.LAYOUT, Fault.REFUSED, Fault.BROKEN)
"""Faults that another try rarely resolves."""


class DeliveryError(Exception):
    """A message was not delivered; with `Fault.UNKNOWN` it may have been. `after` is in seconds."""

    def __init__(self, fault: Fault, reason: str, after: float = 0.0) -> None:
        super().__init__(f"{fault.value}: {reason}")
        self.fault = fault
        self.reason = reason
        self.after = after


def is_hopeless(message: OutboxMessage) -> bool:
    """Return whether `TRIES` are used up and the last try failed with a `HOPELESS` fault."""
    return message.attempts >= TRIES and (message.error or "").startswith(
        tuple(f"{fault.value}: " for fault in HOPELESS)
    )


def put_off(
    setup: Setup, connection: Connection, message: OutboxMessage, fault: DeliveryError
) -> None:
    """Decide when and where an undelivered message is tried again, and store the decision."""
    now = setup.clock(connection)
    match fault.fault:
        case Fault.RATE:
            again = now + timedelta(seconds=fault.after)
            delivery.put_off(connection, message, fault.reason, again, in_doubt=message.in_doubt)
        case Fault.CHANNEL:
            _move_to_other_channel(setup, connection, message, fault, now)
        case Fault.GONE if message.kind == outbox.EDIT:
            delivery.sent(connection, message, None, None, now)
            _forget_place(connection, message)
        case Fault.UNKNOWN:
            again = now + timedelta(seconds=_backoff(message))
            delivery.put_off(connection, message, fault.reason, again, in_doubt=True)
        case _ if fault.fault in HOPELESS and is_hopeless(message):
            _give_up(setup, connection, message, fault, now)
        case _:
            again = now + timedelta(seconds=LONGEST_WAIT)
            doubt = message.in_doubt or fault.fault is Fault.BROKEN
            delivery.put_off(connection, message, str(fault), again, in_doubt=doubt)


def _give_up(
    setup: Setup,
    connection: Connection,
    message: OutboxMessage,
    fault: DeliveryError,
    now: datetime,
) -> None:
    """Drop a message that Slack refuses every time, so that it does not block its channel.

    A notice about the dropped message is posted. Audit records are never dropped: the last tries
    post only the numbers and hashes of the records.
    """
    log.error(
        "outbox message given up", outbox_id=message.id, subject=message.subject, because=str(fault)
    )
    delivery.sent(connection, message, None, None, now)
    here = message.channel == setup.audit_channel
    other = setup.fallback_channel if here else setup.audit_channel
    if other is None or other == message.channel or message.subject.startswith(HEALTH):
        return
    notice = texts_for(None, setup.language, setup.zone, setup.slash)(
        "message-given-up",
        channel=message.channel,
        reason=fault.reason,
        count=message.attempts + 1,
        message=str(message.id),
    )
    outbox.post(connection, other, f"{HEALTH}message:{message.id}", Message(notice), now)


def _backoff(message: OutboxMessage) -> float:
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(message.attempts, 10))


def _move_to_other_channel(
    setup: Setup,
    connection: Connection,
    message: OutboxMessage,
    fault: DeliveryError,
    now: datetime,
) -> None:
    """Move a message from an unreachable channel to the fallback channel or the audit channel.

    Alerts move to the fallback channel, and other messages move to the audit channel. An active
    incident whose alert is in the unreachable channel gets another alert, so that the incident's
    changes stay visible. Audit records wait for their channel.
    """
    is_unprompted = message.channel in setup.alert_channels or message.subject.startswith("digest:")
    other = setup.fallback_channel if is_unprompted else setup.audit_channel
    if message.kind == outbox.POST and other is not None and other != message.channel:
        delivery.redirect(connection, message, other, now)
        if message.channel in setup.alert_channels:
            _notify_unreachable(setup, connection, message, fault, now)
        return
    moved = other is not None and other != message.channel and _forget_open(connection, message)
    if message.kind == outbox.REPLY and incident_of(message) is not None and other is not None:
        delivery.tell_apart(connection, message, other, now)
    elif moved and message.kind == outbox.EDIT:
        # No edit is needed, because the new alert shows the current state.
        delivery.sent(connection, message, None, None, now)
    else:
        delivery.put_off(connection, message, fault.reason, now + CHANNEL_WAIT, in_doubt=False)
    _notify_unreachable(setup, connection, message, fault, now)


def _forget_open(connection: Connection, message: OutboxMessage) -> bool:
    """Forget an alert's place if a new alert of its incident will be posted.

    Return whether the place was forgotten.
    """
    number = incident_of(message)
    incident = None if number is None else lookups.by_id(connection, number)
    if incident is None or incident.muted_until is not None or not incident.needs_attention:
        return False
    _forget_place(connection, message)
    return True


def _forget_place(connection: Connection, message: OutboxMessage) -> None:
    """Forget the place of the incident's alert, which was deleted or cannot be reached."""
    number, place = incident_of(message), place_of(connection, message.subject)
    if number is not None and place is not None:
        transitions.forget_message(connection, number, place)


def _notify_unreachable(
    setup: Setup,
    connection: Connection,
    message: OutboxMessage,
    fault: DeliveryError,
    now: datetime,
) -> None:
    """Notify the fallback channel, once an hour, that a channel cannot be reached."""
    fallback = setup.fallback_channel
    if fallback is None or fallback == message.channel:
        return
    subject = f"{HEALTH}{message.channel}:{now:%Y%m%d%H}"
    if outbox.place(connection, subject) is None and not outbox.waits(connection, subject):
        texts = texts_for(None, setup.language, setup.zone, setup.slash)
        kinds = (outbox.POST, outbox.REPLY, outbox.EDIT)
        alerts = message.kind in kinds and message.channel in setup.alert_channels
        key = "channel-unreachable-alerts" if alerts else "channel-unreachable"
        notice = texts(key, channel=message.channel, reason=fault.reason)
        outbox.post(connection, fallback, subject, Message(notice), now)
