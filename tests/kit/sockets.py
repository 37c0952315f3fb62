"""A bare WebSocket to a local Slack, without the SDK's client."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from bot.localslack.server import LocalSlack
from tests.kit.concurrency import SECONDS
from tests.kit.slack_apps import client_of


@contextmanager
def raw_socket(slack: LocalSlack) -> Iterator[ClientConnection]:
    """Open a bare WebSocket to the URL that apps.connections.open returns."""
    url = str(client_of(slack).apps_connections_open(app_token=slack.app_token)["url"])
    with connect(url, proxy=None, close_timeout=1) as socket:
        yield socket


def frame(socket: ClientConnection) -> dict[str, Any]:
    """Wait for the next frame and return it."""
    read: dict[str, Any] = json.loads(socket.recv(SECONDS))
    return read
