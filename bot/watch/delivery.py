"""Delivery of the outbox: in order within a channel, at least once, and never by a blind retry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from time import monotonic
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection

from bot.errors import Refusal
from bot.failpoints import reach
from bot.ledger import incidents, outbox
from bot.ledger.leases import Lease, fence
from bot.ledger.outbox import Letter
from bot.model import Message
from bot.queue.database import changing, reading
from bot.registry import Setup
from bot.text import Mrkdwn, cut, texts_for
from bot.watch.letters import TX_SECONDS, body_of

log = structlog.get_logger(__name__)

# While an attempt is under way nobody else may make one: longer than the client's timeout.
ATTEMPT = timedelta(seconds=30)
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


class Undelivered(Exception):
    """A message was not delivered, or (`Fault.UNKNOWN`) nobody knows; `after` in seconds."""

    def __init__(self, fault: Fault, reason: str, after: float = 0.0) -> None:
        super().__init__(f"{fault.value}: {reason}")
        self.fault = fault
        self.reason = reason
        self.after = after


class Poster(Protocol):
    """Who speaks to Slack; `post` and `update` raise `Undelivered`."""

    def post(self, channel: str, body: Mapping[str, Any]) -> str:
        """Post and return the message's ts."""
        ...

    def update(self, channel: str, ts: str, body: Mapping[str, Any]) -> None:
        """Change a message."""
        ...

    def permalink(self, channel: str, ts: str) -> str:
        """The message's address."""
        ...


@dataclass
class Bucket:
    """A rate: `size` at once, then `rate` a second."""

    size: float
    rate: float
    clock: Callable[[], float] = monotonic
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        """Start full."""
        self._left = self.size
        self._at = self.clock()

    def take(self) -> bool:
        """Take one if there is one."""
        now = self.clock()
        self._left = min(self.size, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass
class Pace:
    """Slack's rates: about one message a second in a channel, and one budget for all edits.

    `chat.update` is Tier 3, 50 a minute (docs.slack.dev/apis/web-api/rate-limits).
    """

    clock: Callable[[], float] = monotonic
    _channels: dict[str, Bucket] = field(default_factory=dict)
    _edits: Bucket | None = None

    def allows(self, letter: Letter) -> bool:
        """Whether this message may be sent now."""
        if letter.kind == outbox.EDIT:
            if self._edits is None:
                self._edits = Bucket(10, 0.75, self.clock)
            return self._edits.take()
        bucket = self._channels.setdefault(letter.channel, Bucket(5, 1.0, self.clock))
        return bucket.take()


def is_hopeless(letter: Letter) -> bool:
    """Whether the letter was tried that often, and the last time refused for what it is."""
    return letter.attempts >= TRIES and (letter.error or "").startswith(
        tuple(f"{fault.value}: " for fault in HOPELESS)
    )


def deliver_once(setup: Setup, poster: Poster, lease: Lease, pace: Pace) -> int:
    """Try what is due once and return how many messages Slack took."""
    with reading(setup.engine, monotonic() + TX_SECONDS) as connection:
        letters = sorted(outbox.due(connection, setup.clock(connection)), key=_rank)
    return sum(_deliver(setup, poster, lease, letter) for letter in letters if pace.allows(letter))


def _rank(letter: Letter) -> bool:
    """What came of a request before what became of alerts: somebody watches its progress.

    All channels share the budget for edits, and a retried group edits many alerts at once.
    """
    return letter.kind == outbox.EDIT and not letter.subject.startswith("request:")


def _deliver(setup: Setup, poster: Poster, lease: Lease, letter: Letter) -> bool:
    def claim(connection: Connection) -> bool:
        fence(connection, lease)
        return outbox.claim(connection, letter, lease, setup.clock(connection) + ATTEMPT)

    if not _change(setup, claim):
        return False
    reach("letter-claimed")
    try:
        channel, ts = _send(setup, poster, letter)
        reach("letter-posted")
    except Undelivered as error:
        fault = error  # the name of an except clause ends with it
    except Refusal:
        raise
    except Exception as error:
        # What cannot be drawn must hold back no other message: it waits like one that was refused.
        log.exception("letter broken", letter=letter.id, subject=letter.subject)
        fault = Undelivered(Fault.BROKEN, type(error).__name__)
    else:
        _change(setup, lambda connection: _note_sent(setup, connection, letter, channel, ts))
        return ts is not None
    note = log.info if fault.fault is Fault.RATE else log.warning
    note("not delivered", letter=letter.id, channel=letter.channel, because=str(fault))
    _change(setup, lambda connection: _put_off(setup, connection, letter, fault))
    return False


def _change(setup: Setup, work: Callable[[Connection], Any]) -> Any:
    return changing(setup.engine, monotonic() + TX_SECONDS, work)


def _send(setup: Setup, poster: Poster, letter: Letter) -> tuple[str | None, str | None]:
    """Channel and ts of the message, or nothing where there is no message to change."""
    place = None
    if letter.kind in (outbox.EDIT, outbox.REPLY):
        with reading(setup.engine, monotonic() + TX_SECONDS) as connection:
            place = _place(connection, letter.subject)
            if place is None and outbox.waits(connection, letter.subject):
                raise Undelivered(Fault.RATE, "its message is not posted yet", 1.0)
    if letter.kind == outbox.EDIT:
        if place is None:
            return None, None
        _try(lambda body: poster.update(*place, body), letter.body)
        return place
    body = body_of(setup, letter, poster.permalink, bare=is_hopeless(letter))
    if place is not None:
        return place[0], _reply(poster, *place, body)
    ts = _try(lambda said: poster.post(letter.channel, said), body)
    return letter.channel, ts


def _reply(poster: Poster, channel: str, thread: str, body: Mapping[str, Any]) -> str:
    """Answer in a thread; where somebody deleted its message, in the channel itself."""
    try:
        ts: str = _try(lambda said: poster.post(channel, {**said, "thread_ts": thread}), body)
    except Undelivered as fault:
        if fault.fault is not Fault.GONE:
            raise
        ts = _try(lambda said: poster.post(channel, said), body)
    return ts


def _try(send: Callable[[Mapping[str, Any]], Any], body: Mapping[str, Any]) -> Any:
    """Send it; where Slack refuses the layout, send the text alone: nothing is lost to a layout."""
    try:
        return send(body)
    except Undelivered as fault:
        if fault.fault not in (Fault.LAYOUT, Fault.REFUSED):
            raise
        return send({"text": cut(Mrkdwn(body["text"]), 3_000)})


def _place(connection: Connection, subject: str) -> tuple[str, str] | None:
    """Channel and ts of what an edit changes; an incident's outlives its row in the outbox."""
    place = outbox.place(connection, subject)
    kind, _, number = subject.partition(":")
    if place is not None or kind != "incident":
        return place
    incident = incidents.by_id(connection, int(number))
    if incident is None or incident["message_ts"] is None:
        return None
    return (incident["channel"], incident["message_ts"])


def _note_sent(
    setup: Setup, connection: Connection, letter: Letter, channel: str | None, ts: str | None
) -> None:
    if not outbox.sent(connection, letter, channel, ts, setup.clock(connection)):
        return
    number = _incident(letter)
    if number is not None and letter.kind == outbox.POST and channel and ts:
        incidents.posted(connection, number, channel, ts)


def _incident(letter: Letter) -> int | None:
    """The incident that a letter tells of."""
    kind, _, number = letter.subject.partition(":")
    return int(number) if kind == "incident" else None


def _put_off(setup: Setup, connection: Connection, letter: Letter, fault: Undelivered) -> None:
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
    setup: Setup, connection: Connection, letter: Letter, fault: Undelivered, now: datetime
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


def _backoff(letter: Letter) -> float:
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(letter.attempts, 10))


def _elsewhere(
    setup: Setup, connection: Connection, letter: Letter, fault: Undelivered, now: datetime
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
    if letter.kind == outbox.REPLY and _incident(letter) is not None and other is not None:
        outbox.tell_apart(connection, letter, other, now)
    elif moved and letter.kind == outbox.EDIT:
        # The message that is posted instead says all of it.
        outbox.sent(connection, letter, None, None, now)
    else:
        outbox.put_off(connection, letter, fault.reason, now + CHANNEL_WAIT, in_doubt=False)
    _say_unreachable(setup, connection, letter, fault, now)


def _forget_open(connection: Connection, letter: Letter) -> bool:
    """The same of an incident of which another message will be posted; whether it is one."""
    number = _incident(letter)
    row = None if number is None else incidents.by_id(connection, number)
    if row is None or row["muted_until"] is not None or not incidents.is_bad(row):
        return False
    _forget_place(connection, letter)
    return True


def _forget_place(connection: Connection, letter: Letter) -> None:
    """The message that the letter was to change or answer is gone, or out of reach."""
    number, place = _incident(letter), _place(connection, letter.subject)
    if number is not None and place is not None:
        incidents.unposted(connection, number, place)


def _say_unreachable(
    setup: Setup, connection: Connection, letter: Letter, fault: Undelivered, now: datetime
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
