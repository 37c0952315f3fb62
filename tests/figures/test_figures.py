"""Random histories: each figure on each surface is what was counted by hand."""

import pytest

from bot.localslack.server import LocalSlack
from tests.figures.trial import tried
from tests.kit.queues import TestQueue


@pytest.mark.parametrize(("queue", "seed"), [("mariadb", 3), ("sqlite", 5)], indirect=["queue"])
def test_every_figure_equals_the_count_of_the_test(
    queue: TestQueue, slack: LocalSlack, seed: int
) -> None:
    """One history on each kind of database; `make campaign` tries others, and longer ones."""
    assert tried(queue, slack, seed) == []
