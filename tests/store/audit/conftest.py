"""The shop of the tests."""

import pytest

from tests.kit.order_story import Shop
from tests.kit.queues import TestQueue


@pytest.fixture
def shop(queue: TestQueue) -> Shop:
    """A shop with an empty queue."""
    return Shop(queue)
