"""The worker of the tests."""

import pytest

from tests.kit.queues import TestQueue
from tests.kit.worker import Worker


@pytest.fixture
def worker(queue: TestQueue) -> Worker:
    return Worker(queue)
