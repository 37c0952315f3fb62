"""Each answer reads one snapshot: its figures agree while another replica changes them."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.app.parsing import Request
from bot.localslack.server import LocalSlack
from tests.figures.history import History
from tests.figures.surfaces import shown_on_home
from tests.figures.trial import START
from tests.kit.bulk import previewed, run_out, small_batches
from tests.kit.clock import SetClock
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, make_setup

FAILURES = 24


@pytest.mark.parametrize("queue", ["mariadb"], indirect=True)
def test_the_figures_of_home_agree_during_a_bulk_change(
    queue: TestQueue, slack: LocalSlack
) -> None:
    clock = SetClock(START)
    one, other = (make_setup(queue, name, clock=clock) for name in ("a", "b"))
    history = History(queue, one, clock, slack, random.Random(2), other)
    history.look()
    for _ in range(FAILURES):
        history.fail(history.push())
    history.look()
    plan = previewed(one).plan
    request = Request("retry-all", {"plan": plan, "typed": FAILURES})
    assert ask(one, request).refusal is None

    seen: set[int] = set()
    with ThreadPoolExecutor(1) as threads:
        batches = threads.submit(run_out, small_batches(one, 1))
        while not batches.done():
            home = shown_on_home(history)
            assert home.counts is not None
            assert home.errors is not None
            failed = home.counts.failed
            jobs = sum(jobs.available for jobs in home.counts.queues)
            left = sum(incident.left for incident in home.incidents)
            assert (home.errors.failed, left, FAILURES - jobs) == (failed, failed, failed)
            seen.add(failed)
        batches.result()
    assert len(seen - {0, FAILURES}) > 1, "no answer was given during the change"
