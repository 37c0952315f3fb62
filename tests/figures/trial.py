"""A trial: one random history, and where its figures differ from a count by hand."""

import random
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.localslack.server import LocalSlack
from tests.figures.history import History
from tests.figures.surfaces import differences, differences_during, digest_differences
from tests.kit.clock import SetClock
from tests.kit.queues import TestQueue
from tests.kit.replicas import make_setup

START = datetime(2026, 3, 10, 14, 20, 30)  # noqa: DTZ001 naive UTC
LIMA = ZoneInfo("America/Lima")
STEPS = 14


def tried(queue: TestQueue, slack: LocalSlack, seed: int, steps: int = STEPS) -> list[str]:
    """Return the differences during and after a random history."""
    clock = SetClock(START)
    queue = replace(queue, queue=replace(queue.queue, zone=LIMA))
    one, other = (make_setup(queue, name, clock=clock, zone=LIMA) for name in ("a", "b"))
    history = History(queue, one, clock, slack, random.Random(seed), other)
    history.look()
    history.look()
    wrong: list[str] = []
    history.during = lambda: wrong.extend(differences_during(history))
    for half in range(2):
        if half:
            history.night()
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
