"""Real Bolt apps and SDK clients of a local Slack."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.localslack.server import LocalSlack
from bot.slack.socket import close_at_once
from tests.kit.concurrency import SECONDS, until

LOOKS = 10.0
"""How often a client looks whether its socket is still there; the SDK's own handler does so."""


class Connect(Protocol):
    """Connects an app to the local Slack until the test ends."""

    def __call__(self, app: App, looks: float = LOOKS) -> SocketModeHandler:
        """The handler that runs the app's connection; it looks for its socket so often."""
        ...


def client_of(slack: LocalSlack) -> WebClient:
    """The SDK's own client with the bot's token; it re-sends nothing by itself."""
    return WebClient(token=slack.bot_token, base_url=slack.base_url, retry_handlers=[])


def bolt(slack: LocalSlack) -> App:
    """A Bolt app of that workspace; listeners answer before they ack, as ours do."""
    return App(client=client_of(slack), process_before_response=True)


@contextmanager
def connected(slack: LocalSlack, app: App, looks: float = LOOKS) -> Iterator[SocketModeHandler]:
    """A real Socket Mode client, until the block ends."""
    before = slack.hub.connected
    handler = SocketModeHandler(app, slack.app_token)
    # Not by a shorter `ping_interval`: with 0.2 s the SDK takes a socket for dead whose pong a
    # busy machine brings a second late.
    handler.client.current_app_monitor.interval_seconds = looks
    handler.connect()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
    until(lambda: slack.hub.connected == before + 1)
    try:
        yield handler
    finally:
        handler.client.auto_reconnect_enabled = False
        # A read has something to do then, and ends at once instead of after 3 s.
        slack.kill_sockets()
        close_at_once(handler.client)
        # A socket that it was just opening anew came up after the one before was closed.
        handler.client.disconnect()


def patient(slack: LocalSlack) -> LocalSlack:
    """Waits longer than three seconds for an ack: an app on a busy machine may take as long.

    A trigger still lives for three seconds of the test's own clock.
    """
    slack.hub.ack_timeout = SECONDS
    return slack


def refused(call: Callable[[], object]) -> dict[str, Any]:
    """The whole answer of a call that Slack refuses."""
    with pytest.raises(SlackApiError) as caught:
        call()
    data = caught.value.response.data
    assert isinstance(data, dict)
    return data
