"""What is done about a message that Slack did not take: another try, another place, or none."""

from datetime import datetime, timedelta
from enum import Enum

import structlog
from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.outbox.render import incident_of, place_of
from bot.models.requests import Message
from bot.store import outbox
from bot.store.incidents import lookups, transitions
from bot.store.outbox import OutboxMessage
from bot.text import texts_for

log = structlog.get_logger(__name__)

FIRST_WAIT = 2.0
LONGEST_WAIT = 60.0
TRIES = 5
"""After so many, a letter that Slack refuses for what it is holds back its channel no more."""
CHANNEL_WAIT = timedelta(seconds=30)
HEALTH = "health:"
"""How the subjects of what the bot says about its own messages begin."""


class Fault(Enum):
    """Why Slack did not take a message; `BROKEN` where the bot itself could not make it."""

    RATE = "rate"
    CHANNEL = "channel"
    LAYOUT = "layout"
    GONE = "gone"
    AUTH = "auth"
    REFUSED = "refused"
    BROKEN = "broken"
    UNKNOWN = "unknown"


HOPELESS = (Fault.LAYOUT, Fault.REFUSED, Fault.BROKEN)
"""What another try hardly changes."""


class DeliveryError(Exception):
    """A message was not delivered, or (`Fault.UNKNOWN`) nobody knows; `after` in seconds."""

    def __init__(self, fault: Fault, reason: str, after: float = 0.0) -> None:
        super().__init__(f"{fault.value}: {reason}")
        self.fault = fault
        self.reason = reason
        self.after = after


def is_hopeless(letter: OutboxMessage) -> bool:
    """Whether the letter was tried that often, and the last time refused for what it is."""
    return letter.attempts >= TRIES and (letter.error or "").startswith(
        tuple(f"{fault.value}: " for fault in HOPELESS)
    )


def put_off(
    setup: Setup, connection: Connection, letter: OutboxMessage, fault: DeliveryError
) -> None:
    """What to do about a letter that Slack did not take: when and where it is tried again."""
    now = setup.clock(connection)
    match fault.fault:
        case Fault.RATE:
            again = now + timedelta(seconds=fault.after)
            outbox.put_off(connection, letter, fault.reason, again, in_doubt=letter.in_doubt)
        case Fault.CHANNEL:
            _elsewhere(setup, connection, letter, fault, now)
        case Fault.GONE if letter.kind == outbox.EDIT:
            outbox.sent(connection, letter, None, None, now)
            _forget_place(connection, letter)
        case Fault.UNKNOWN:
            again = now + timedelta(seconds=_backoff(letter))
            outbox.put_off(connection, letter, fault.reason, again, in_doubt=True)
        case _ if fault.fault in HOPELESS and is_hopeless(letter):
            _give_up(setup, connection, letter, fault, now)
        case _:
            again = now + timedelta(seconds=LONGEST_WAIT)
            doubt = letter.in_doubt or fault.fault is Fault.BROKEN
            outbox.put_off(connection, letter, str(fault), again, in_doubt=doubt)


def _give_up(
    setup: Setup, connection: Connection, letter: OutboxMessage, fault: DeliveryError, now: datetime
) -> None:
    """Let go of what is refused again and again, so that its channel goes on; and say so.

    Never of audit records: all that is said of those in the end is their number and hash.
    """
    log.error("letter given up", letter=letter.id, subject=letter.subject, because=str(fault))
    outbox.sent(connection, letter, None, None, now)
    here = letter.channel == setup.audit_channel
    other = setup.fallback_channel if here else setup.audit_channel
    if other is None or other == letter.channel or letter.subject.startswith(HEALTH):
        return
    said = texts_for(None, setup.language, setup.zone)(
        "letter-given-up",
        channel=letter.channel,
        reason=fault.reason,
        count=letter.attempts + 1,
        letter=str(letter.id),
    )
    outbox.post(connection, other, f"{HEALTH}letter:{letter.id}", Message(said), now)


def _backoff(letter: OutboxMessage) -> float:
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(letter.attempts, 10))


def _elsewhere(
    setup: Setup, connection: Connection, letter: OutboxMessage, fault: DeliveryError, now: datetime
) -> None:
    """A channel that cannot be posted in: alerts go to the fallback, what others see to the audit.

    An open incident whose message is there gets another one, so that it does not change unseen.
    Audit records wait for their channel.
    """
    by_itself = letter.channel == setup.alert_channel or letter.subject.startswith("digest:")
    other = setup.fallback_channel if by_itself else setup.audit_channel
    if letter.kind == outbox.POST and other is not None and other != letter.channel:
        outbox.redirect(connection, letter, other, now)
        if letter.channel == setup.alert_channel:
            _say_unreachable(setup, connection, letter, fault, now)
        return
    moved = other is not None and other != letter.channel and _forget_open(connection, letter)
    if letter.kind == outbox.REPLY and incident_of(letter) is not None and other is not None:
        outbox.tell_apart(connection, letter, other, now)
    elif moved and letter.kind == outbox.EDIT:
        # The message that is posted instead says all of it.
        outbox.sent(connection, letter, None, None, now)
    else:
        outbox.put_off(connection, letter, fault.reason, now + CHANNEL_WAIT, in_doubt=False)
    _say_unreachable(setup, connection, letter, fault, now)


def _forget_open(connection: Connection, letter: OutboxMessage) -> bool:
    """The same of an incident of which another message will be posted; whether it is one."""
    number = incident_of(letter)
    incident = None if number is None else lookups.by_id(connection, number)
    if incident is None or incident.muted_until is not None or not incident.needs_attention:
        return False
    _forget_place(connection, letter)
    return True


def _forget_place(connection: Connection, letter: OutboxMessage) -> None:
    """The message that the letter was to change or answer is gone, or out of reach."""
    number, place = incident_of(letter), place_of(connection, letter.subject)
    if number is not None and place is not None:
        transitions.forget_message(connection, number, place)


def _say_unreachable(
    setup: Setup, connection: Connection, letter: OutboxMessage, fault: DeliveryError, now: datetime
) -> None:
    """Tell the fallback channel, once an hour, that a channel cannot be posted in."""
    fallback = setup.fallback_channel
    if fallback is None or fallback == letter.channel:
        return
    subject = f"{HEALTH}{letter.channel}:{now:%Y%m%d%H}"
    if outbox.place(connection, subject) is None and not outbox.waits(connection, subject):
        texts = texts_for(None, setup.language, setup.zone)
        kinds = (outbox.POST, outbox.REPLY, outbox.EDIT)
        alerts = letter.kind in kinds and letter.channel == setup.alert_channel
        key = "channel-unreachable-alerts" if alerts else "channel-unreachable"
        said = texts(key, channel=letter.channel, reason=fault.reason)
        outbox.post(connection, fallback, subject, Message(said), now)
