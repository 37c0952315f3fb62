"""Read from Slack what only the checks of an installation need: channels and a test connection."""

import json
import logging
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState

from bot.access.roles import Unreachable
from bot.slack.directory import is_shared, reason_of
from bot.slack.runtime import LOOKUP_SECONDS, Access

HELLO_SECONDS = 5
"""Seconds to wait for Slack's greeting on a new Socket Mode connection."""

CLOSE_SECONDS = 2.0


class SlackError(Exception):
    """Slack did not accept a call; `code` is Slack's error code, or the type of the error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A channel: its name, whether the bot is a member, and whether it is archived or shared."""

    name: str
    is_member: bool
    is_archived: bool
    is_shared: bool


def channel_state(access: Access, channel: str) -> ChannelState:
    """Return the state of a channel; raises `SlackError`."""
    info = _call(access, "conversations.info", channel=channel)["channel"]
    return ChannelState(
        str(info.get("name", "")),
        bool(info.get("is_member")),
        bool(info.get("is_archived")),
        is_shared(info),
    )


def socket_address(access: Access) -> str:
    """Return the address of a new Socket Mode connection; raises `SlackError`."""
    if access.app_token is None:
        raise SlackError("not_authed")
    app = replace(access, bot_token=access.app_token)
    return str(_call(app, "apps.connections.open")["url"])


def connections_seen(access: Access, address: str) -> int:
    """Open a Socket Mode connection, read Slack's greeting, and close the connection at once.

    Return the number of connections that the app had before. Raises `Unreachable`, whose text
    contains the host and the reason, but not the secret part of the address.
    """
    hellos: list[int] = []
    greeted = threading.Event()

    def receive(text: str) -> None:
        message = json.loads(text)
        if message.get("type") == "hello":
            hellos.append(int(message.get("num_connections", 1)))
        greeted.set()

    with _connected(access, address, receive):
        greeted.wait(HELLO_SECONDS)
    if not hellos:
        raise Unreachable(f"{urlsplit(address).hostname}: no greeting within {HELLO_SECONDS} s")
    return hellos[0] - 1


@contextmanager
def _connected(access: Access, address: str, receive: Any) -> Iterator[None]:
    client = access.client(LOOKUP_SECONDS)
    errors: list[Exception] = []
    quiet = logging.getLogger("queue-bot.inspection")
    # The SDK logs the address, which contains a secret.
    quiet.disabled = True
    connection = Connection(
        url=address,
        logger=quiet,
        proxy=client.proxy,
        ssl_context=client.ssl,
        on_message_listener=receive,
        on_error_listener=errors.append,
        receive_timeout=HELLO_SECONDS,
    )
    with warnings.catch_warnings():
        # The SDK does not close the socket if the server refuses the WebSocket.
        warnings.simplefilter("ignore", ResourceWarning)
        connection.connect()
        reason = type(errors[0]).__name__ if errors else "the upgrade to a WebSocket was refused"
        errors.clear()
    if not connection.is_active():
        raise Unreachable(f"{urlsplit(address).hostname}: {reason}")
    state = ConnectionState()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
    reader = threading.Thread(target=connection.run_until_completion, args=(state,), daemon=True)
    reader.start()
    try:
        yield
    finally:
        state.terminated = True
        # The reader waits for seconds, and the SDK's close waits for the reader. Meanwhile Slack
        # could send a command to this connection.
        if connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        reader.join(CLOSE_SECONDS)
        connection.close()


def _call(access: Access, method: str, **arguments: Any) -> Any:
    try:
        return access.client(LOOKUP_SECONDS).api_call(method, params=arguments)
    except (SlackClientError, OSError) as error:
        raise SlackError(reason_of(error)) from error
