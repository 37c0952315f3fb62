"""Failed jobs that are retried and then tracked."""

from typing import Any

from bot.app.setup import Setup
from bot.store import tables
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, hold


def failing(queue: TestQueue, setup: Setup, *orders: int) -> list[int]:
    """Insert failed jobs of these orders; return their ids once they are indexed and posted."""
    ids = [queue.fail(order=order) for order in orders or (803193,)]
    watch(setup, hold(setup))
    return ids


def retried(setup: Setup, *ids: int, **values: Any) -> list[int]:
    """Retry these failed jobs and return the new jobs' ids."""
    outcome = ask(setup, "retry " + " ".join(map(str, ids)), **values)
    assert outcome.refusal is None
    assert outcome.result is not None
    return [job.job_id for job in outcome.result.extra.jobs]  # type: ignore[attr-defined] # a retry's


def rows(queue: TestQueue) -> list[Any]:
    return list(queue.rows(tables.tracked_jobs))


def states(queue: TestQueue) -> list[str]:
    return [row.state for row in rows(queue)]
