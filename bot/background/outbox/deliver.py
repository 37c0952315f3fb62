"""Delivery of the outbox: in order within a channel, at least once, and never by a blind retry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.leader import SECONDS, leader_snapshot, leader_transaction
from bot.background.outbox.failures import DeliveryError, Fault, is_hopeless, put_off
from bot.background.outbox.render import body_of, incident_of, place_of
from bot.database.transactions import changing, time_limit
from bot.failpoints import reach
from bot.models.refusals import Refusal
from bot.store import outbox
from bot.store.incidents import transitions
from bot.store.leases import Lease
from bot.store.outbox import OutboxMessage
from bot.text import Mrkdwn, cut

log = structlog.get_logger(__name__)

# While an attempt is under way nobody else may make one: longer than the client's timeout.
ATTEMPT = timedelta(seconds=30)


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
class SlackRates:
    """Slack's rates: about one message a second in a channel, and one budget for all edits.

    `chat.update` is Tier 3, 50 a minute (docs.slack.dev/apis/web-api/rate-limits).
    """

    clock: Callable[[], float] = monotonic
    _channels: dict[str, Bucket] = field(default_factory=dict)
    _edits: Bucket | None = None

    def allows(self, letter: OutboxMessage) -> bool:
        """Whether this message may be sent now."""
        if letter.kind == outbox.EDIT:
            if self._edits is None:
                self._edits = Bucket(10, 0.75, self.clock)
            return self._edits.take()
        bucket = self._channels.setdefault(letter.channel, Bucket(5, 1.0, self.clock))
        return bucket.take()


def deliver_once(setup: Setup, poster: Poster, lease: Lease, rates: SlackRates) -> int:
    """Try what is due once and return how many messages Slack took."""
    with leader_snapshot(setup) as connection:
        letters = sorted(outbox.due(connection, setup.clock(connection)), key=_rank)
    return sum(_deliver(setup, poster, lease, letter) for letter in letters if rates.allows(letter))


def _rank(letter: OutboxMessage) -> bool:
    """What came of a request before what became of alerts: somebody watches its progress.

    All channels share the budget for edits, and a retried group edits many alerts at once.
    """
    return letter.kind == outbox.EDIT and not letter.subject.startswith("request:")


def _deliver(setup: Setup, poster: Poster, lease: Lease, letter: OutboxMessage) -> bool:
    def claim(connection: Connection) -> bool:
        return outbox.claim(connection, letter, lease, setup.clock(connection) + ATTEMPT)

    if not leader_transaction(setup, lease, claim):
        return False
    reach("letter-claimed")
    try:
        channel, ts = _send(setup, poster, letter)
        reach("letter-posted")
    except DeliveryError as error:
        fault = error  # the name of an except clause ends with it
    except Refusal:
        raise
    except Exception as error:
        # What cannot be drawn must hold back no other message: it waits like one that was refused.
        log.exception("letter broken", letter=letter.id, subject=letter.subject)
        fault = DeliveryError(Fault.BROKEN, type(error).__name__)
    else:
        _note(setup, lambda connection: _note_sent(setup, connection, letter, channel, ts))
        return ts is not None
    note = log.info if fault.fault is Fault.RATE else log.warning
    note("not delivered", letter=letter.id, channel=letter.channel, because=str(fault))
    _note(setup, lambda connection: put_off(setup, connection, letter, fault))
    return False


def _note(setup: Setup, work: Callable[[Connection], Any]) -> None:
    """Store what became of an attempt, by whoever made it: also after the lease was lost."""
    changing(setup.engine, time_limit(setup.engine, SECONDS), work)


def _send(setup: Setup, poster: Poster, letter: OutboxMessage) -> tuple[str | None, str | None]:
    """Channel and ts of the message, or nothing where there is no message to change."""
    place = None
    if letter.kind in (outbox.EDIT, outbox.REPLY):
        with leader_snapshot(setup) as connection:
            place = place_of(connection, letter.subject)
            if place is None and outbox.waits(connection, letter.subject):
                raise DeliveryError(Fault.RATE, "its message is not posted yet", 1.0)
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
    except DeliveryError as fault:
        if fault.fault is not Fault.GONE:
            raise
        ts = _try(lambda said: poster.post(channel, said), body)
    return ts


def _try(send: Callable[[Mapping[str, Any]], Any], body: Mapping[str, Any]) -> Any:
    """Send it; where Slack refuses the layout, send the text alone: nothing is lost to a layout."""
    try:
        return send(body)
    except DeliveryError as fault:
        if fault.fault not in (Fault.LAYOUT, Fault.REFUSED):
            raise
        return send({"text": cut(Mrkdwn(body["text"]), 3_000)})


def _note_sent(
    setup: Setup, connection: Connection, letter: OutboxMessage, channel: str | None, ts: str | None
) -> None:
    if not outbox.sent(connection, letter, channel, ts, setup.clock(connection)):
        return
    number = incident_of(letter)
    if number is not None and letter.kind == outbox.POST and channel and ts:
        transitions.mark_posted(connection, number, channel, ts)
