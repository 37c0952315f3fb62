"""The SDK's Socket Mode client ends even when its own threads race with the close."""

import threading

import pytest
from slack_sdk.socket_mode.builtin import SocketModeClient
from structlog.testing import capture_logs

from bot.slack.socket import TimedClient, close_at_once, expected_connections


class Late(SocketModeClient):
    """A client whose reader starts just after the close, as may happen on a busy machine."""

    def __init__(self) -> None:
        self.disconnecting, self.idle = threading.Event(), threading.Event()
        super().__init__(app_token="xapp-1-A1-1-a")

    def disconnect(self) -> None:
        """Signal the disconnect; the flag that ends the client is already set."""
        self.disconnecting.set()

    def _run_current_session(self) -> None:
        if self.disconnecting.wait(20):
            self.current_session_state.terminated = False
            while not self.current_session_state.terminated:
                self.idle.wait(0.001)


def test_a_reader_thread_started_during_the_close_of_the_client_ends() -> None:
    client = Late()
    closing = threading.Thread(target=close_at_once, args=(client,), daemon=True)
    closing.start()
    closing.join(20)
    assert client.disconnecting.is_set()
    assert not closing.is_alive()


class ClosedTwice(SocketModeClient):
    """A client whose socket another of its threads has already closed, as may happen once."""

    def __init__(self) -> None:
        self.disconnects = 0
        super().__init__(app_token="xapp-1-A1-1-a")

    def disconnect(self) -> None:
        """Raise the SDK's error for a socket that is already None."""
        self.disconnects += 1
        if self.disconnects == 1:
            raise AttributeError("'NoneType' object has no attribute 'close'")


def test_closing_a_client_whose_socket_is_closed_ends_its_other_threads() -> None:
    client = ClosedTwice()
    close_at_once(client)
    assert client.disconnects == 2
    assert not client.current_session_runner.is_alive()
    assert not client.message_processor.is_alive()


@pytest.mark.parametrize(
    ("replicas", "number", "level"), [(2, 4, "info"), (2, 5, "warning"), (9, 10, "info")]
)
def test_more_connections_than_the_replicas_need_are_a_warning(
    replicas: int, number: int, level: str
) -> None:
    client = TimedClient(expected_connections(replicas), app_token="xapp-1-A1-1-a")
    with capture_logs() as logged:
        client.run_message_listeners({"type": "hello", "num_connections": number}, "")
    client.close()
    assert [(line["log_level"], line["connections"]) for line in logged] == [(level, number)]
