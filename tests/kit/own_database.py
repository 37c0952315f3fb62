"""Databases of a test's own, for tests that alter the queue's tables.

A module takes a fixture from here in the place of the kept database of its folder's conftest.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.kit.queues import TestQueue, make_queue


@contextmanager
def _open(url: str) -> Iterator[TestQueue]:
    made = make_queue(url)
    try:
        yield made
    finally:
        made.engine.dispose()


@pytest.fixture(name="queue")
def own_queue(database_url: str) -> Iterator[TestQueue]:
    """The spec's tables and the bot's own, on each kind of database in turn."""
    with _open(database_url) as made:
        yield made


@pytest.fixture(name="queue")
def own_queue_on_mariadb(mariadb_url: str) -> Iterator[TestQueue]:
    """The same on MariaDB alone, for a module whose tests concern servers only."""
    with _open(mariadb_url) as made:
        yield made


@pytest.fixture(name="mariadb_queue")
def own_mariadb_queue(mariadb_url: str) -> Iterator[TestQueue]:
    """The same on MariaDB, for single tests of a module."""
    with _open(mariadb_url) as made:
        yield made


@pytest.fixture(name="sqlite_queue")
def own_sqlite_queue(sqlite_url: str) -> Iterator[TestQueue]:
    """The same in an SQLite file."""
    with _open(sqlite_url) as made:
        yield made
