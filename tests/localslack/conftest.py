"""The local Slack, a clock that tests move, and real Bolt apps that connect to the local Slack."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.localslack.server import LocalSlack
from tests.kit.clock import Seconds
from tests.kit.slack_apps import LOOKS, Connect, bolt, client_of, connected, patient


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def slack(clock: Seconds) -> Iterator[LocalSlack]:
    with LocalSlack(clock=clock) as running:
        yield patient(running)


@pytest.fixture
def client(slack: LocalSlack) -> WebClient:
    return client_of(slack)


@pytest.fixture
def app(slack: LocalSlack) -> App:
    return bolt(slack)


@pytest.fixture
def connect(slack: LocalSlack) -> Iterator[Connect]:
    with ExitStack() as open_until_the_end:

        def connect_one(app: App, looks: float = LOOKS) -> SocketModeHandler:
            return open_until_the_end.enter_context(connected(slack, app, looks))

        yield connect_one
