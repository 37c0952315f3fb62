"""The conformance suite: one set of tests for every layout, on every kind of database."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.kit.frameworks import LARAVEL_8, SPEC
from tests.kit.layout_databases import Databases
from tests.kit.queues import TestQueue
from tests.services.mariadb import MariaDB

LAYOUTS = (SPEC, LARAVEL_8)
"""One framework of each layout."""


@pytest.fixture(scope="session")
def databases(
    mariadb_server: MariaDB, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    """The databases of the suite."""
    with ExitStack() as until_the_end:
        yield Databases(tmp_path_factory.mktemp("layouts"), mariadb_server, until_the_end)


@pytest.fixture(params=["mariadb", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database."""
    chosen_kind: str = request.param
    return chosen_kind


@pytest.fixture(params=LAYOUTS, ids=lambda framework: framework.layout.name)
def queue(request: pytest.FixtureRequest, databases: Databases, kind: str) -> TestQueue:
    """An empty queue of each layout in turn."""
    return databases.emptied(request.param, kind)


@pytest.fixture
def laravel(databases: Databases, kind: str) -> TestQueue:
    """An empty queue of Laravel 8."""
    return databases.emptied(LARAVEL_8, kind)
