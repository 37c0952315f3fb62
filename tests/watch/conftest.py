"""A local Slack of each test's own."""

from collections.abc import Iterator

import pytest

from bot.playground.server import LocalSlack


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with LocalSlack() as running:
        yield running
