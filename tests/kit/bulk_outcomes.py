"""Bulk retries and the counts of their outcomes."""

from typing import Any

from bot.app.setup import Setup
from bot.background.operations.runner import Runner
from bot.background.retries.track_bulk import outcomes_once
from bot.store import tables
from tests.kit.bulk import run_out, started
from tests.kit.clock import Clock
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import hold


def retried(
    queue: TestQueue, setup: Setup, orders: list[int] | None = None, *, rows: int = 3
) -> list[int]:
    """Insert failed jobs, retry all of them, and return the new jobs' ids."""
    for order in range(10) if orders is None else orders:
        queue.fail(order=order)
    watch(setup, hold(setup))
    before = {row.id for row in queue.jobs}
    started(setup)
    run_out(Runner(setup, rows, lanes=2, seconds=0))
    return [row.id for row in queue.jobs if row.id not in before]


def count(setup: Setup, clock: Clock, *, seconds: float = 12, step: float = 3) -> int:
    """Run passes for `seconds`, one every `step`; return how many messages they changed."""
    changed = 0
    for _ in range(round(seconds / step)):
        clock.move(seconds=step)
        changed += outcomes_once(setup, hold(setup))
    return changed


def seen(queue: TestQueue) -> Any:
    (row,) = queue.rows(tables.outcomes)
    return row
