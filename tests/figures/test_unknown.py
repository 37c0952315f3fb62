"""Where the arithmetic of samples cannot be right, a figure is unknown, and never 0."""

import random
from datetime import timedelta

import pytest

from bot.commands.chart import ChartResult
from bot.localslack.server import LocalSlack
from bot.slack.home import draw
from tests.figures.history import History
from tests.figures.trial import START
from tests.kit.clock import SetClock
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, TEAM, ask, make_setup


@pytest.mark.parametrize("failures", [2, 5], ids=["below the proved jobs", "below 0"])
def test_processed_jobs_are_unknown_if_failures_were_inserted_without_jobs(
    queue: TestQueue, slack: LocalSlack, failures: int
) -> None:
    clock = SetClock(START)
    one, other = (make_setup(queue, name, clock=clock) for name in ("a", "b"))
    history = History(queue, one, clock, slack, random.Random(1), other)
    history.look()
    history.look()
    # Written by hand, or by an application that never put these jobs into the queue.
    at = clock.at.replace(microsecond=0) - timedelta(seconds=1)
    for order in range(failures):
        queue.fail(order=order, failed_at=history.setup.queue.wall_clock(at))
    history.look()
    assert ask(history.setup, "retry 1 2").refusal is None
    for order in list(history.queued()):
        history.end(order)
    history.rest()

    chart = ask(history.setup, "chart").result
    assert isinstance(chart, ChartResult)
    assert (chart.data.processed, chart.data.new_failures) == (None, failures)
    text = str(draw(history.setup, ANA, TEAM).blocks)
    assert "processed jobs: unknown" in text
    assert f"new failures: {failures}" in text
