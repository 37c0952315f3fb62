"""The conformance suite: one set of tests for every layout, on every kind of database."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.kit.frameworks import CODEIGNITER, EXAMPLE, LARAVEL_8, SPEC
from tests.kit.layout_databases import Databases
from tests.kit.queues import TestQueue
from tests.services.mariadb import MariaDB

DATABASES = [
    *(
        (framework, kind)
        for framework in (SPEC, LARAVEL_8, CODEIGNITER)
        for kind in ("mariadb", "sqlite")
    ),
    (EXAMPLE, "sqlite"),
]
"""Each layout on each kind of database; the example runs only on one kind, to save time."""


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


@pytest.fixture(params=DATABASES, ids=lambda pair: f"{pair[0].layout.name}-{pair[1]}")
def queue(request: pytest.FixtureRequest, databases: Databases) -> TestQueue:
    """An empty queue of each layout in turn."""
    framework, kind = request.param
    return databases.emptied(framework, kind)


@pytest.fixture
def codeigniter(databases: Databases, kind: str) -> TestQueue:
    """An empty queue of CodeIgniter Queue."""
    return databases.emptied(CODEIGNITER, kind)


@pytest.fixture
def laravel(databases: Databases, kind: str) -> TestQueue:
    """An empty queue of Laravel 8."""
    return databases.emptied(LARAVEL_8, kind)
