"""One Slack for the whole conformance suite."""

import os
from collections.abc import Iterator

import pytest

from tests.localslack.conformance.target import Target
from tests.localslack.conformance.target import target as of_environment


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    """The local Slack, or the Slack that the environment names."""
    with of_environment(os.environ) as slack_target:
        yield slack_target
