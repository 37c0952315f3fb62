"""Socket Mode with Bolt's builtin client; a message's arrival is recorded before any queue."""

import threading
from time import monotonic
from typing import Any

import structlog
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode.internals import send_response
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

log = structlog.get_logger(__name__)

CONCURRENCY = 32
"""The maximum number of envelopes that are handled simultaneously.

With the default of 10, an eleventh envelope waits before Bolt receives the envelope.
"""
PING_SECONDS = 3.0
"""Seconds between two pings.

A dead peer is detected after about 15 s; with the default, after 50 to 60 s.
"""
EXPECTED_CONNECTIONS = 4


class Stamped(str):
    """A message from the socket, with its time of arrival in seconds of `time.monotonic()`."""

    __slots__ = ("at",)
    at: float


class TimedClient(SocketModeClient):
    """Records the arrival of each message before the message enters the workers' queue."""

    def __init__(self, **options: Any) -> None:
        self.received: dict[str, float] = {}
        super().__init__(**options)

    def enqueue_message(self, message: str) -> None:
        """Add the time of arrival to a message when the socket has received it."""
        stamped = Stamped(message)
        stamped.at = monotonic()
        super().enqueue_message(stamped)

    def close(self) -> None:
        """Close the client immediately."""
        close_at_once(self)

    def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Store the time of arrival by envelope id; log the number of connections of a hello."""
        if message.get("type") == "hello":
            _note_hello(message)
        envelope = message.get("envelope_id")
        if isinstance(envelope, str):
            self.received[envelope] = getattr(raw_message, "at", monotonic())
        try:
            super().run_message_listeners(message, raw_message)
        finally:
            if isinstance(envelope, str):
                self.received.pop(envelope, None)


def close_at_once(client: SocketModeClient) -> None:
    """Close a client of the SDK, in any state of its threads.

    The SDK's queue reader may sleep for one more second. The SDK's socket reader clears the stop
    flag when the reader starts, possibly just after the flag was set. Then the reader would read
    forever, and closing would wait forever. So this function sets the flag repeatedly until all
    threads have ended.
    """
    client.closed = True
    client.message_queue.put(None)
    closing = threading.Thread(target=_close, args=(client,), name="close", daemon=True)
    closing.start()
    while closing.is_alive():
        client.current_session_state.terminated = True
        closing.join(0.05)


def _close(client: SocketModeClient) -> None:
    for _ in range(2):
        try:
            SocketModeClient.close(client)
        except AttributeError:
            # Two threads of the client may close the same socket, and the second close fails. Close
            # the client again, because the error prevented the end of the remaining threads.
            log.info("the socket was closed already")
        else:
            return


def _note_hello(message: dict[str, Any]) -> None:
    number = message.get("num_connections", 0)
    note = log.warning if number > EXPECTED_CONNECTIONS else log.info
    note("socket mode connected", connections=number, expected=EXPECTED_CONNECTIONS)


class SocketMode:
    """The Socket Mode connection; closing it first waits for unanswered envelopes."""

    def __init__(self, app: App, app_token: str, grace: float = 0.0) -> None:
        """Set up the client; `grace`: seconds that a local Slack waits longer than Slack."""
        self._grace = grace
        self.client = TimedClient(
            app_token=app_token,
            logger=app.logger,
            web_client=app.client,
            proxy=app.client.proxy,
            ping_interval=PING_SECONDS,
            concurrency=CONCURRENCY,
        )
        self.client.socket_mode_request_listeners.append(self._handle)
        self._app = app
        self._open = 0
        self._idle = threading.Condition()

    def connect(self) -> None:
        """Open the socket; the client reconnects automatically after a loss."""
        self.client.connect()

    def is_connected(self) -> bool:
        """Return whether the socket is open."""
        return bool(self.client.is_connected())

    def request_age(self) -> None:
        """Return None, because an open socket needs no request as a proof."""

    def close(self, seconds: float) -> None:
        """Close the socket at the first moment without an unanswered envelope.

        Envelopes that arrive earlier are handled, because no other process would receive them. The
        socket is closed after `seconds` at the latest.
        """
        with self._idle:
            self._idle.wait_for(self._is_idle, timeout=seconds)
        self.client.close()

    def _is_idle(self) -> bool:
        return self._open == 0 and self.client.message_queue.empty()

    def _handle(self, client: Any, request: SocketModeRequest) -> None:
        with self._idle:
            self._open += 1
        try:
            received = self.client.received.get(request.envelope_id, monotonic())
            bolt_request = BoltRequest(
                mode="socket_mode",
                body=request.payload,
                context={
                    # All deadlines of the request are calculated from this time.
                    "received": received + self._grace,
                    "envelope_id": request.envelope_id,
                },
            )
            started = monotonic()
            send_response(client, request, self._app.dispatch(bolt_request), started)
        finally:
            with self._idle:
                self._open -= 1
                self._idle.notify_all()
