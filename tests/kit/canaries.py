"""Operations that begin with a canary."""

from typing import Any

from sqlalchemy import update

from bot.app.parsing import Request
from bot.app.setup import Setup
from bot.background.operations.canary import decide_once
from bot.background.operations.runner import Runner
from bot.store import tables
from tests.kit.bulk import previewed, run_out
from tests.kit.clock import Clock
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, hold
from tests.kit.worker import follow


def begun(queue: TestQueue, setup: Setup, rows: int = 8, canary: int = 3) -> list[int]:
    """Start a retry of all jobs with a canary, run its first batch; return the canary's job ids."""
    for order in range(rows):
        queue.fail(order=order)
    watch(setup, hold(setup))
    plan = previewed(setup).plan
    with queue.engine.begin() as connection:
        connection.execute(update(tables.operations).values(canary=canary))
    outcome = ask(setup, confirmation_of(plan))
    assert outcome.refusal is None
    run_out(Runner(setup, 100, lanes=2, seconds=0))
    return [row.id for row in queue.jobs]


def confirmation_of(plan: int) -> Request:
    return Request("retry-all", {"plan": plan})


def operation(queue: TestQueue) -> Any:
    (row,) = queue.rows(tables.operations)
    return row


def decide(setup: Setup, clock: Clock, *, seconds: float = 8) -> None:
    """Run passes of outcomes and canary decisions for `seconds`."""
    for _ in range(max(1, round(seconds / 2))):
        follow(setup, clock, seconds=2, step=2)
        decide_once(setup, hold(setup))
