import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.localslack.conformance.sockets import address, hello
from tests.localslack.conformance.target import Target, rule

SOCKETS = "apis/events-api/using-socket-mode"


@rule(SOCKETS)
def test_the_hello_of_a_socket_has_the_number_of_connections(target: Target) -> None:
    with connect(address(target), proxy=None, close_timeout=1) as one:
        first = hello(one)
        with connect(address(target), proxy=None, close_timeout=1) as other:
            second = hello(other)

    assert first["type"] == "hello"
    assert second["num_connections"] == first["num_connections"] + 1
    assert second["connection_info"]["app_id"].startswith("A")
    assert second["debug_info"]["approximate_connection_time"] > 0


@rule(SOCKETS)
def test_the_url_of_a_socket_opens_only_one_socket(target: Target) -> None:
    url = address(target)
    with connect(url, proxy=None, close_timeout=1) as one:
        hello(one)
        with pytest.raises((WebSocketException, TimeoutError)):
            hello(connect(url, proxy=None, close_timeout=1))
