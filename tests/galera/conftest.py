"""Three nodes with one database, and connections to each."""

import os
from collections.abc import Iterator

import pytest

from bot.database.engine import connect
from tests.kit.queues import GRACE, TestQueue, make_queue
from tests.services.galera import Cluster, provider, running_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One cluster for the whole run; without Galera the tests are skipped, in CI they fail."""
    if provider() is None:
        sentence = "No Galera library on this machine: install galera-4."
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    with running_cluster() as running:
        yield running


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[list[str]]:
    """The addresses of an empty database, one address per node."""
    with cluster.nodes[0].database() as name:
        cluster.settle()
        yield [node.url(name) for node in cluster.nodes]


@pytest.fixture
def queues(cluster: Cluster, empty: list[str]) -> Iterator[list[TestQueue]]:
    """One queue, reached over each node."""
    made = make_queue(empty[0], GRACE)
    cluster.settle()
    every = [
        made,
        *(TestQueue(url, connect(url, grace=GRACE), made.queue) for url in empty[1:]),
    ]
    yield every
    for one in every:
        one.engine.dispose()
