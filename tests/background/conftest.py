"""A local Slack, a clock that only the test moves, and a replica for tests of background work."""

from collections.abc import Iterator

import pytest

from bot.app.setup import Setup
from bot.localslack.server import LocalSlack
from tests.kit.clock import Clock, StandingClock
from tests.kit.kept_database import mariadb_queue, queue
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import hold, make_setup

__all__ = ["mariadb_queue", "queue", "slack"]


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    """A Slack without rate limits, because these use another clock than the one that tests move."""
    with LocalSlack(rates=False) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return StandingClock()


@pytest.fixture
def setup(queue: TestQueue, clock: Clock) -> Setup:
    """A replica that has completed its first indexing of an empty queue."""
    made = make_setup(queue, clock=clock)
    watch(made, hold(made))
    return made
