"""Incidents on the database that a test requests."""

import pytest

from bot.localslack.server import LocalSlack
from tests.kit.incident_life import Life, make_life
from tests.kit.queues import TestQueue


@pytest.fixture
def life(queue: TestQueue, slack: LocalSlack) -> Life:
    return make_life(queue, slack)
