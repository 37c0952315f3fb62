"""Operations on two replicas, from the preview to the last batch."""

from dataclasses import dataclass, replace
from typing import Any

from bot.app.parsing import Request
from bot.app.plans import BulkExtra
from bot.app.responses import Outcome
from bot.app.setup import Setup
from bot.background import audit
from bot.background.operations.runner import Runner
from bot.models.operations import Preview, Progress
from bot.store import tables
from bot.store.operations import operations
from bot.store.operations.operations import Operation
from tests.kit.clock import Clock, StandingClock
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, People, ask, confirm, hold, make_setup

SECOND = "U07LUCIAOPS1"


@dataclass
class Bench:
    """Two replicas of one queue, and the clock that both use."""

    queue: TestQueue
    clock: Clock
    people: People
    setup: Setup
    other: Setup

    def fill(self, rows: int, **values: Any) -> list[int]:
        """Insert failed jobs and return their ids."""
        return [self.queue.fail(order=order, **values) for order in range(rows)]

    def runner(self, rows: int = 3, setup: Setup | None = None) -> Runner:
        """Return a runner of this replica's operations."""
        return Runner(setup or self.setup, rows, lanes=1, seconds=0)

    def operation(self, number: int = 1) -> Operation:
        """The operation's current state."""
        with self.queue.engine.begin() as connection:
            operation = operations.find(connection, number)
        assert operation is not None
        return operation


def make_bench(queue: TestQueue) -> Bench:
    """Return two replicas of this queue, with two admins."""
    clock, people = StandingClock(), People()
    setup = make_setup(queue, "a", clock=clock, directory=people)
    setup = replace(setup, rules=replace(setup.rules, admins=(ANA, SECOND)))
    return Bench(queue, clock, people, setup, replace(setup, replica="b"))


def extra_of(outcome: Outcome) -> BulkExtra:
    """Return the extra part of a bulk command's result."""
    assert outcome.result is not None, outcome.refusal
    assert isinstance(outcome.result.extra, BulkExtra)
    return outcome.result.extra


def preview_of(outcome: Outcome) -> Preview:
    """Return the preview that a bulk command shows before it is confirmed."""
    preview = extra_of(outcome).preview
    assert preview is not None
    return preview


def previewed(setup: Setup, words: str = "retry-all", by: str = ANA) -> Preview:
    """Run a bulk command and return its preview."""
    return preview_of(ask(setup, words, by=by))


def started(setup: Setup, words: str = "retry-all") -> Progress:
    """Preview and confirm an operation, without running a batch; return its progress."""
    preview = previewed(setup, words)
    progress = extra_of(confirm(setup, preview.action, preview.plan, typed=preview.total)).progress
    assert progress is not None
    return progress


def run_out(runner: Runner) -> None:
    """Run batches until no operation is left."""
    for _ in range(100):
        # The bot, too, repeats a batch that lost too many races.
        if not (runner.run_once() or runner.run_once()):
            return
    raise AssertionError("the operation did not end in time")


def small_batches(setup: Setup, rows: int = 2) -> Runner:
    """Return a runner of small batches, one at a time."""
    return Runner(setup, rows=rows, lanes=1, seconds=0)


def carried_out(setup: Setup, words: str, **values: Any) -> int:
    """Preview, confirm and run an operation; return its number."""
    preview = preview_of(ask(setup, words, **values))
    typed = {"plan": preview.plan, "typed": preview.total}
    done = ask(setup, Request(preview.action, typed), **values)
    assert done.refusal is None, done.refusal
    run_out(small_batches(setup))
    return preview.plan


def run_and_seal(queue: TestQueue, action: str = "retry-all") -> None:
    """Run an operation on all failed jobs, and seal its audit records."""
    setup = make_setup(queue)
    plan = preview_of(ask(setup, action)).plan
    assert confirm(setup, action, plan).refusal is None
    runner = Runner(setup, 2, lanes=1, seconds=0)
    for _ in range(10):
        runner.run_once()
    assert [row.state for row in queue.rows(tables.operations)] == ["done"]
    audit.seal_once(setup, hold(setup))
