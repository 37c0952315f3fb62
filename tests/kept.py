"""Databases that are emptied between tests instead of made anew, which takes a tenth of the time.

A folder's conftest takes `queue` and `mariadb_queue` from here in the place of the ones above it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.ledger.columns import metadata
from tests.queues import TestQueue, make_queue
from tests.team import KeptDatabase


@pytest.fixture
def mariadb_queue(kept_database: KeptDatabase) -> TestQueue:
    """The spec's tables and the bot's own, empty, with ids that begin at 1."""
    kept = kept_database.emptied()
    counted = [table for table in metadata.sorted_tables if table.autoincrement_column is not None]
    with kept.engine.begin() as connection:
        for table in (kept.queue.jobs, kept.queue.failed, *counted):
            connection.execute(text(f"ALTER TABLE {table.name} AUTO_INCREMENT = 1"))
    return kept


@pytest.fixture(params=["mariadb", "sqlite"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestQueue]:
    """The same on each kind of database in turn."""
    if request.param == "mariadb":
        yield request.getfixturevalue("mariadb_queue")
        return
    made = make_queue(f"sqlite:///{tmp_path / 'queue.sqlite3'}")
    yield made
    made.engine.dispose()
