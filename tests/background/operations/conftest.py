"""Two replicas for operations, on the database that a test requests."""

import pytest

from tests.kit.bulk import Bench, make_bench
from tests.kit.queues import TestQueue


@pytest.fixture
def bench(queue: TestQueue) -> Bench:
    return make_bench(queue)


@pytest.fixture
def mariadb_bench(mariadb_queue: TestQueue) -> Bench:
    return make_bench(mariadb_queue)
