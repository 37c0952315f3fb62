"""A trial: one random history, and where its figures differ from a count by hand."""

import random
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.localslack.server import LocalSlack
from tests.figures.history import History
from tests.figures.surfaces import differences, digest_differences
from tests.kit.clock import SetClock
from tests.kit.queues import TestQueue
from tests.kit.replicas import make_setup

START = datetime(2026, 3, 10, 14, 20, 30)  # noqa: DTZ001 naive UTC
LIMA = ZoneInfo("America/Lima")
STEPS = 14


def tried(queue: TestQueue, slack: LocalSlack, seed: int, steps: int = STEPS) -> list[str]:
    """Return the differences after a random history."""
    clock = SetClock(START)
    queue = replace(queue, queue=replace(queue.queue, zone=LIMA))
    setup = make_setup(queue, clock=clock, zone=LIMA)
    history = History(queue, setup, clock, slack, random.Random(seed))
    history.look()
    history.look()
    wrong: list[str] = []
    for _ in range(2):
        for _ in range(steps // 2):
            history.step()
        history.rest()
        wrong += differences(history)
    # Most incidents end now, and each says what became of its own jobs.
    for _ in range(2):
        history.retry_all()
        history.work()
        history.rest()
    wrong += differences(history)
    return wrong + digest_differences(history)
