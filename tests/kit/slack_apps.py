"""Real Bolt apps and SDK clients that use a local Slack."""

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
"""Seconds between two checks of a client's socket; the SDK's handler makes these checks."""


class Connect(Protocol):
    """A function that connects an app to the local Slack until the test ends."""

    def __call__(self, app: App, looks: float = LOOKS) -> SocketModeHandler:
        """Return the app's handler, which checks its socket every `looks` seconds."""
        ...


def client_of(slack: LocalSlack) -> WebClient:
    """Return the SDK's client with the bot's token; it has no retries."""
    return WebClient(token=slack.bot_token, base_url=slack.base_url, retry_handlers=[])


def bolt(slack: LocalSlack) -> App:
    """Return a Bolt app of this workspace, whose listeners run before the ack, as the bot's do."""
    return App(client=client_of(slack), process_before_response=True)


@contextmanager
def connected(slack: LocalSlack, app: App, looks: float = LOOKS) -> Iterator[SocketModeHandler]:
    """Connect a real Socket Mode client until the block ends."""
    before = slack.hub.connected
    handler = SocketModeHandler(app, slack.app_token)
    # A shorter `ping_interval` would fail: with 0.2 s, the SDK considers a socket dead if a busy
    # machine delivers its pong a second late.
    handler.client.current_app_monitor.interval_seconds = looks
    handler.connect()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
    until(lambda: slack.hub.connected == before + 1)
    try:
        yield handler
    finally:
        handler.client.auto_reconnect_enabled = False
        # A pending read then ends at once instead of after 3 s.
        slack.kill_sockets()
        close_at_once(handler.client)
        # If the client was reconnecting, its new socket opened after the old one was closed.
        handler.client.disconnect()


def patient(slack: LocalSlack) -> LocalSlack:
    """Let this Slack wait longer than three seconds for an ack, for apps on a busy machine.

    A trigger still expires after three seconds of the test's own clock.
    """
    slack.hub.ack_timeout = SECONDS
    return slack


def refused(call: Callable[[], object]) -> dict[str, Any]:
    """Return the whole response of a call that Slack refuses."""
    with pytest.raises(SlackApiError) as caught:
        call()
    data = caught.value.response.data
    assert isinstance(data, dict)
    return data
