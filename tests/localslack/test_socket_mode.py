import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bot.localslack.delivery.socket_mode import CONNECTIONS
from bot.localslack.server import LocalSlack
from tests.kit.concurrency import SECONDS, until
from tests.kit.sockets import frame, raw_socket


def test_hello_has_the_number_of_connections(slack: LocalSlack) -> None:
    with raw_socket(slack) as first, raw_socket(slack) as second:
        assert frame(first)["num_connections"] == 1
        hello = frame(second)

    assert hello["type"] == "hello"
    assert hello["num_connections"] == 2
    assert hello["connection_info"] == {"app_id": slack.ids.app}
    assert {"host", "build_number", "approximate_connection_time"} <= hello["debug_info"].keys()


def test_an_event_has_its_type_and_accepts_no_response_payload(slack: LocalSlack) -> None:
    events: list[dict[str, Any]] = []

    def acknowledge(socket: ClientConnection) -> None:
        events.append(frame(socket))
        socket.send(json.dumps({"envelope_id": events[0]["envelope_id"]}))

    with raw_socket(slack) as socket, ThreadPoolExecutor(1) as beside:
        frame(socket)
        acknowledged = beside.submit(acknowledge, socket)
        slack.open_home("operator", wait=0)
        acknowledged.result(SECONDS)

    (event,) = events
    assert event["type"] == "events_api"
    assert event["accepts_response_payload"] is False
    assert (event["retry_attempt"], event["retry_reason"]) == (0, "")
    assert event["payload"]["event"]["type"] == "app_home_opened"
    assert event["payload"]["event"]["user"] == slack.ids.operator
    assert event["payload"]["authorizations"][0]["user_id"] == slack.ids.bot_user


def test_a_refresh_asks_every_connection_to_close(slack: LocalSlack) -> None:
    with raw_socket(slack) as one, raw_socket(slack) as other:
        frame(one)
        frame(other)
        slack.refresh_sockets("warning")

        assert frame(one) == frame(other)
        slack.refresh_sockets()
        assert frame(one)["reason"] == "refresh_requested"


def test_the_eleventh_connection_is_refused(slack: LocalSlack) -> None:
    with ExitStack() as sockets:
        for _ in range(CONNECTIONS):
            frame(sockets.enter_context(raw_socket(slack)))
        eleventh = sockets.enter_context(raw_socket(slack))

        assert frame(eleventh) == {
            "type": "disconnect",
            "reason": "too_many_websockets",
            "debug_info": {"host": "applink-local-1"},
        }
        with pytest.raises(ConnectionClosed):
            eleventh.recv(SECONDS)


def test_a_killed_connection_closes_without_a_close_frame(slack: LocalSlack) -> None:
    with raw_socket(slack) as socket:
        frame(socket)
        slack.kill_sockets()
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(SECONDS)

    assert closed.value.rcvd is None, "the client received no close frame"
    until(lambda: slack.hub.connected == 0)


def test_a_silent_connection_stays_connected_and_loses_requests(
    slack: LocalSlack,
) -> None:
    slack.hub.ack_timeout = 0.05
    with raw_socket(slack) as socket:
        frame(socket)
        slack.silence_sockets()
        answer = slack.command("operator", "queue-ops", "/queue status")
        with pytest.raises(TimeoutError):
            socket.recv(0.05)
        assert not socket.ping().wait(0.05), "a silent connection does not answer a ping"
        slack.kill_sockets()

    assert answer["error"] == "operation_timeout"


def test_an_unknown_socket_url_opens_no_connection(slack: LocalSlack) -> None:
    with pytest.raises(InvalidStatus), connect(slack.url.replace("http", "ws") + "link/?ticket=no"):
        pass


def test_an_ack_of_an_unknown_envelope_is_counted(slack: LocalSlack) -> None:
    with raw_socket(slack) as socket:
        frame(socket)
        for text in ("no json", "[]", '{"envelope_id": "never sent"}', '{"envelope_id": []}'):
            socket.send(text)
        until(lambda: slack.hub.unknown_acks == 4)
