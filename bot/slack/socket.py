"""Socket Mode with Bolt's builtin client; receipt is timed before any queue."""

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
"""Envelopes handled at once; with the default of 10, an eleventh waits unseen by Bolt."""
PING_SECONDS = 3.0
"""A dead peer is detected after about 15 s (50 to 60 with the default)."""
EXPECTED_CONNECTIONS = 4


class Stamped(str):
    """A message of the socket, with its arrival in seconds of `time.monotonic()`."""

    __slots__ = ("at",)
    at: float


class TimedClient(SocketModeClient):
    """Records a message's arrival before it enters the workers' queue."""

    def __init__(self, **options: Any) -> None:
        self.received: dict[str, float] = {}
        super().__init__(**options)

    def enqueue_message(self, message: str) -> None:
        """Stamp the message when it leaves the socket."""
        stamped = Stamped(message)
        stamped.at = monotonic()
        super().enqueue_message(stamped)

    def close(self) -> None:
        """Close at once."""
        close_at_once(self)

    def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Pass on the stamp by the envelope's id; a hello has the number of connections."""
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
    """Close a client of the SDK, whatever its threads are doing.

    The SDK's queue reader would sleep up to a second more. Its socket reader clears the stop flag
    when it begins, possibly just after the flag was set; then it would read forever, and closing
    would wait forever. So the flag is set until all threads have ended.
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
            # Two of its threads may close one socket, and the second fails. Close again, because
            # the error kept the client from ending its other threads.
            log.info("the socket was closed already")
        else:
            return


def _note_hello(message: dict[str, Any]) -> None:
    number = message.get("num_connections", 0)
    note = log.warning if number > EXPECTED_CONNECTIONS else log.info
    note("socket mode connected", connections=number, expected=EXPECTED_CONNECTIONS)


class SocketMode:
    """The Socket Mode connection: opened, drained and closed in order."""

    def __init__(self, app: App, app_token: str, grace: float = 0.0) -> None:
        """Take the Bolt app; `grace`: seconds that this Slack waits longer than Slack does."""
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
        """Open the socket; it reconnects automatically afterwards."""
        self.client.connect()

    def close(self, seconds: float) -> None:
        """Close the socket at the first moment without an unanswered envelope.

        Envelopes that arrive before then are handled, because no other process would receive them.
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
                    # Every deadline of the request counts from this time.
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
