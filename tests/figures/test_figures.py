"""Random histories: each figure on each surface is what was counted by hand, at rest."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.localslack.server import LocalSlack
from tests.figures.history import History
from tests.figures.surfaces import differences, digest_differences
from tests.kit.clock import SetClock
from tests.kit.queues import TestQueue, make_queue
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


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    """A Slack without rates, because rates go by another clock than the one that tests move."""
    with LocalSlack(rates=False) as running:
        yield running


@pytest.fixture(params=["mariadb", "sqlite"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestQueue]:
    """An own database, because the history moves its clock by hours."""
    url = f"sqlite:///{tmp_path / 'queue.sqlite3'}"
    if request.param == "mariadb":
        url = request.getfixturevalue("mariadb_url")
    made = make_queue(url)
    yield made
    made.engine.dispose()


def test_every_figure_is_what_was_counted_by_hand(queue: TestQueue, slack: LocalSlack) -> None:
    """One history on each kind of database; `make campaign` tries others, and longer ones."""
    assert tried(queue, slack, seed=3) == []
