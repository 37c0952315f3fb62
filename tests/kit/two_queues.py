"""Failures in two queues, with two errors and two days."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from bot.app.responses import Outcome, answer
from bot.app.setup import Setup
from bot.models.requests import Actor, Invocation, Message, Source
from bot.text import readable
from tests.kit.bulk import Bench, make_bench
from tests.kit.bulk_in_slack import OTHER
from tests.kit.posting import watch
from tests.kit.queues import TestQueue, make_queue, payload
from tests.kit.replicas import ANA, OPS, TEAM, hold

OLD, NEW = datetime(2025, 11, 1, 8), datetime(2025, 11, 7, 18)  # noqa: DTZ001 wall clock


def fill(queue: TestQueue) -> None:
    """Add six failures: two queues, causes, days and shops; two of them have order 2."""
    queue.fail(41, order=1, failed_at=OLD)
    queue.fail(42, order=2, failed_at=NEW)
    queue.fail(43, order=3, failed_at=NEW, exception=OTHER)
    queue.fail(44, order=4, failed_at=OLD, queue="mail")
    queue.fail(45, order=5, failed_at=NEW, queue="mail", exception=OTHER)
    queue.fail(46, body=payload(2, tienda=7), failed_at=NEW, queue="mail")


@pytest.fixture(name="bench")
def two_queues_bench(queue: TestQueue) -> Bench:
    """The failures, indexed, with a runner."""
    made = make_bench(queue)
    fill(queue)
    watch(made.setup, hold(made.setup))
    return made


@pytest.fixture(name="sqlite_bench")
def two_queues_sqlite_bench(sqlite_url: str) -> Iterator[Bench]:
    """The bench on SQLite only, for tests in which the database makes no difference."""
    queue = make_queue(sqlite_url)
    made = make_bench(queue)
    fill(queue)
    watch(made.setup, hold(made.setup))
    yield made
    queue.engine.dispose()


def text_of(setup: Setup, outcome: Outcome) -> str:
    """Return the answer's text without markup; of a dialog, the text of all its blocks."""
    invocation = Invocation(Actor(ANA, TEAM, Source.SLASH), "x", 0.0, OPS)
    rendered = answer(setup, invocation, outcome)
    if isinstance(rendered, Message):
        return readable(rendered.text)
    return "\n".join(str(block.get("text", {}).get("text", "")) for block in rendered.blocks)
