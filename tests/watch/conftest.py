"""A local Slack of each test's own, without rates: they go by another clock than tests move."""

from collections.abc import Iterator

import pytest

from bot.playground.server import LocalSlack


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with LocalSlack(rates=False) as running:
        yield running
