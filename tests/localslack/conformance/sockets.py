"""A socket of the Slack that is tried."""

import json
from typing import Any

from tests.kit.concurrency import SECONDS
from tests.localslack.conformance.target import Target


def address(target: Target) -> str:
    """Of a new socket."""
    url: str = target.call("apps.connections.open", token=target.app_token).body["url"]
    return url


def hello(socket: Any) -> Any:
    """The first frame."""
    return json.loads(socket.recv(SECONDS))
