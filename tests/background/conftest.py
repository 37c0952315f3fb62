"""A local Slack, a clock that stands, and a replica for each test of what runs by itself."""

from collections.abc import Iterator

import pytest

from bot.app.command import Setup
from bot.localslack.server import LocalSlack
from tests.kit.clock import Clock, StandingClock
from tests.kit.kept_database import mariadb_queue, queue
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import hold, make_setup

__all__ = ["mariadb_queue", "queue", "slack"]


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    """A Slack without rates, because rates go by another clock than the one that tests move."""
    with LocalSlack(rates=False) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return StandingClock()


@pytest.fixture
def setup(queue: TestQueue, clock: Clock) -> Setup:
    """A replica that has read in what failed before its start: nothing."""
    made = make_setup(queue, clock=clock)
    watch(made, hold(made))
    return made
