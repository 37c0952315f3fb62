"""Queues with odd rows, and a payload with unusual characters."""

from datetime import datetime

from bot.app.responses import Outcome
from bot.background import metrics
from bot.background.incidents import probe
from bot.store import tables
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, hold, make_setup

TABLES = ("jobs", "failed_jobs")
NOW = datetime(2025, 11, 7, 19, 30, 0)  # noqa: DTZ001 naive UTC


def read(queue: TestQueue, words: str) -> Outcome:
    """Run a command and check that it is not refused."""
    outcome = ask(make_setup(queue), words)
    assert outcome.refusal is None, (words, outcome.refusal)
    return outcome


def check_metrics(queue: TestQueue) -> None:
    """Run the background steps that read `jobs`, twice."""
    setup = make_setup(queue)
    lease = hold(setup)
    for _ in range(2):
        probe.probe_once(setup, lease)
        metrics.sample_once(setup, lease, indexed=True)
    assert queue.count(tables.samples) > 0


EMOJI = '{"job":"Sync","note":"🛒 é ñ"}'
