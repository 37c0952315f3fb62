"""A Slack without rates, and a queue in a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.localslack.server import LocalSlack
from tests.kit.queues import TestQueue, make_queue


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    """A Slack without rates, because rates go by another clock than the one that tests move."""
    with LocalSlack(rates=False) as running:
        yield running


@pytest.fixture(params=["mariadb", "sqlite"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestQueue]:
    """An own database, because the history moves its clock by hours."""
    url = f"sqlite:///{tmp_path / 'queue.sqlite3'}"
    if request.param == "mariadb":
        url = request.getfixturevalue("mariadb_url")
    made = make_queue(url)
    yield made
    made.engine.dispose()
