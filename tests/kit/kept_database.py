"""Databases that are emptied between tests, which takes a tenth of the time of creating them.

A folder's conftest imports `queue` and `mariadb_queue` from here to replace the default fixtures.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.kit.queues import TestQueue, make_queue
from tests.kit.team import KeptDatabase
from tests.services.programs import is_mysql

_COUNTED_ON = text(
    "SELECT TABLE_NAME FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND AUTO_INCREMENT > 1"
)


@pytest.fixture
def mariadb_queue(kept_database: KeptDatabase) -> TestQueue:
    """The spec's tables and the bot's own, empty, with ids that start at 1."""
    kept = kept_database.emptied()
    with kept.engine.begin() as connection:
        if is_mysql():
            # Otherwise the server returns counters that are up to a day old.
            connection.execute(text("SET SESSION information_schema_stats_expiry = 0"))
        for name in connection.execute(_COUNTED_ON).scalars().all():
            connection.execute(text(f"ALTER TABLE {name} AUTO_INCREMENT = 1"))
    return kept


@pytest.fixture(params=["mariadb", "sqlite"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestQueue]:
    """The empty tables, on each kind of database in turn."""
    if request.param == "mariadb":
        yield request.getfixturevalue("mariadb_queue")
        return
    made = make_queue(f"sqlite:///{tmp_path / 'queue.sqlite3'}")
    yield made
    made.engine.dispose()


@pytest.fixture(name="queue")
def queue_on_mariadb(mariadb_queue: TestQueue) -> TestQueue:
    """MariaDB only, for a module of long tests whose SQL other tests run on both databases."""
    return mariadb_queue
