"""Random histories: each figure on each surface is what was counted by hand."""

from bot.localslack.server import LocalSlack
from tests.figures.trial import tried
from tests.kit.queues import TestQueue


def test_every_figure_equals_the_count_of_the_test(queue: TestQueue, slack: LocalSlack) -> None:
    """One history on each kind of database; `make campaign` tries others, and longer ones."""
    assert tried(queue, slack, seed=3) == []
