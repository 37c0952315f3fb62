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
    """A bare WebSocket to the address that apps.connections.open gives."""
    url = str(client_of(slack).apps_connections_open(app_token=slack.app_token)["url"])
    with connect(url, proxy=None, close_timeout=1) as socket:
        yield socket


def frame(socket: ClientConnection) -> dict[str, Any]:
    """The next frame, as soon as it comes."""
    read: dict[str, Any] = json.loads(socket.recv(SECONDS))
    return read
