"""A socket of the tested Slack."""

import json
from typing import Any

from tests.kit.concurrency import SECONDS
from tests.localslack.conformance.target import Target


def address(target: Target) -> str:
    """Return the address of a new socket."""
    url: str = target.call("apps.connections.open", token=target.app_token).body["url"]
    return url


def hello(socket: Any) -> Any:
    """Return the first frame."""
    return json.loads(socket.recv(SECONDS))
