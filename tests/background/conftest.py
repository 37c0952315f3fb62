"""A local Slack of each test's own, without rates: they go by another clock than tests move."""

from collections.abc import Iterator

import pytest

from bot.localslack.server import LocalSlack
from tests.kit.kept_database import mariadb_queue, queue

__all__ = ["mariadb_queue", "queue", "slack"]


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with LocalSlack(rates=False) as running:
        yield running
