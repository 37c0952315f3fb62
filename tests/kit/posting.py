"""Posters for tests: the real one with a local Slack, and one that refuses every message."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from slack_sdk import WebClient

from bot.app.setup import Setup
from bot.background import audit
from bot.background.failures import index_once, scan_once
from bot.background.incidents import grouping, lifecycle
from bot.background.loop import Watcher
from bot.background.outbox.deliver import Poster, SlackRates, deliver_once
from bot.background.outbox.delivery_errors import DeliveryError, Fault
from bot.localslack.server import LocalSlack
from bot.slack.poster import SlackPoster
from bot.store.leases import Lease
from tests.kit.replicas import OPS, hold

SECONDS = 20.0
"""Seconds to wait for a Slack call and for the end of a thread; enough on a busy machine."""


class Refusing:
    """A poster that refuses every message, so that nothing is delivered."""

    def post(self, channel: str, body: Mapping[str, Any]) -> str:  # noqa: ARG002 the protocol's
        """Refuse the message."""
        raise DeliveryError(Fault.REFUSED, "nobody")

    def update(self, channel: str, ts: str, body: Mapping[str, Any]) -> None:  # noqa: ARG002 the protocol's
        """Refuse the edit."""
        raise DeliveryError(Fault.REFUSED, "nobody")

    def permalink(self, channel: str, ts: str) -> str:
        """Return an address."""
        return f"https://example.invalid/{channel}/{ts}"


WATCHING = ("watch", "bulk", "sample")
"""The names of a watcher's threads."""


class Endless(SlackRates):
    """Rates without a limit: every due message is sent."""

    def allows(self, message: object) -> bool:  # noqa: ARG002 the base's
        """Return True."""
        return True


def poster_of(slack: LocalSlack) -> SlackPoster:
    """Return the bot's real poster for this Slack."""
    return poster_at(slack.base_url, slack.bot_token)


def poster_at(base_url: str, token: str) -> SlackPoster:
    """Return the bot's real poster for the Slack at this address."""
    client = WebClient(token=token, base_url=base_url, timeout=int(SECONDS), retry_handlers=[])
    return SlackPoster(client, base_url.removesuffix("api/"))


def deliver(setup: Setup, poster: Poster, lease: Lease, rounds: int = 50) -> int:
    """Deliver until a round sends nothing; return how many messages Slack accepted."""
    taken = 0
    for _ in range(rounds):
        sent = deliver_once(setup, poster, lease, Endless())
        taken += sent
        if not sent:
            break
    return taken


def watch(setup: Setup, lease: Lease) -> None:
    """Run all watcher steps before the delivery, until no work is left."""
    while index_once(setup, lease):
        pass
    scan_once(setup, lease)
    while grouping.group_once(setup, lease):
        pass
    lifecycle.advance_once(setup, lease)
    while audit.seal_once(setup, lease):
        pass
    while grouping.refresh_once(setup, lease):
        pass


@contextmanager
def running_watcher(setup: Setup, poster: Poster | None = None) -> Iterator[Watcher]:
    """Run the watcher's threads until the block ends; they check for failures continuously."""
    before = threading.enumerate()
    watcher = Watcher(setup, poster or Refusing(), interval=0.05)
    watcher.start()
    try:
        yield watcher
    finally:
        watcher.stop()
        # `stop` waits only ten seconds, and no thread may use the database of the next test.
        left = [one for one in threading.enumerate() if one.name in WATCHING and one not in before]
        for thread in left:
            thread.join(SECONDS)
        assert not any(thread.is_alive() for thread in left), (
            "a thread of the watcher did not end in time"
        )


def send(setup: Setup, slack: LocalSlack) -> None:
    """Run the watcher's steps, and deliver every message."""
    watch(setup, hold(setup))
    deliver(setup, poster_of(slack), hold(setup))


def thread(slack: LocalSlack, channel: str = OPS) -> list[str]:
    """Return the texts of the replies in a channel."""
    return [one["text"] for one in slack.messages(channel) if one.get("thread_ts")]


def top(slack: LocalSlack, channel: str = OPS) -> list[str]:
    """Return the texts of the messages in a channel, without replies."""
    return [one["text"] for one in slack.messages(channel) if not one.get("thread_ts")]
