"""Scenarios in which a bulk change runs beside another action, as functions like `scenarios`."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy import update

from bot import failpoints
from bot.app.setup import Setup
from bot.background.operations.runner import Runner
from bot.store import tables
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from tests.crash.scenarios import Mutant, previewed, run_out
from tests.kit.clock import Clock
from tests.kit.concurrency import SECONDS, lock_waits, until
from tests.kit.invariants import broken, payloads
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import ANA, OMAR, People, ask, codes, confirm, make_setup

T = TypeVar("T")


@dataclass(frozen=True)
class Two:
    """Two replicas with one clock, in one workspace."""

    one: Setup
    other: Setup
    clock: Clock
    people: People

    def runner(self, setup: Setup) -> Runner:
        """Return a runner with two rows per batch and one batch at a time."""
        return Runner(setup, 2, lanes=1, seconds=0)

    def take_over(self) -> None:
        """Let the other replica finish the first replica's operation."""
        self.clock.by += TAKEN_OVER_AFTER * 2
        run_out(self.runner(self.other))


def two(queue: TestQueue) -> Two:
    """Return two replicas on this queue."""
    clock, people = Clock(), People()
    one, other = (
        make_setup(queue, name, clock=clock, directory=people) for name in ("one", "other")
    )
    return Two(one, other, clock, people)


@contextmanager
def meanwhile(step: str, then: Callable[[], object]) -> Iterator[None]:
    """Call `then` when a batch first reaches the failpoint."""
    failpoints.arm(step, then=then)
    try:
        yield
    finally:
        failpoints.disarm(step)


@dataclass
class Beside(Generic[T]):
    """An action that starts in another thread when `begin` is called."""

    queue: TestQueue
    threads: ThreadPoolExecutor
    do: Callable[[], T]
    doing: "list[Future[T]]" = field(default_factory=list)

    def begin(self) -> None:
        """Start the action; return when it has finished or waits for a lock."""
        doing = self.threads.submit(self.do)
        self.doing.append(doing)
        until(lambda: doing.done() or lock_waits(self.queue.engine))

    def result(self) -> T:
        """Return the action's result."""
        [doing] = self.doing
        return doing.result(SECONDS)


@contextmanager
def beside(queue: TestQueue, do: Callable[[], T]) -> Iterator[Beside[T]]:
    """Give a thread for an action that runs beside a bulk change."""
    with ThreadPoolExecutor(1) as threads:
        yield Beside(queue, threads, do)


def begun(queue: TestQueue, words: str = "retry-all", rows: int = 4) -> tuple[Two, int]:
    """Confirm a bulk change of `rows` failed jobs at the first replica; return its number."""
    both = two(queue)
    for order in range(rows):
        queue.fail(order + 1, order=order)
    plan = previewed(both.one, words)
    assert codes([confirm(both.one, words.split(maxsplit=1)[0], plan, typed=rows)]) == ["ok"]
    return both, plan


def ended(queue: TestQueue) -> tuple[str, int, int]:
    """Return state, done and skipped of the only operation."""
    (row,) = queue.rows(tables.operations)
    return row.state, row.done, row.skipped


def a_person_retries_a_row_of_the_batch(queue: TestQueue, mutant: Mutant) -> None:
    """The click comes after the batch locked its rows and before the batch moves them."""
    both, _ = begun(queue)
    before = payloads(queue)
    with mutant(), beside(queue, lambda: ask(both.other, "retry 1", by=OMAR)) as click:
        with meanwhile("batch-locked", click.begin):
            run_out(both.runner(both.one))
        [code] = codes([click.result()])
    assert len(queue.jobs) == 4
    assert broken(queue, before) == []
    expected = {"failed-job-not-found": ("done", 4, 0), "ok": ("done", 3, 1)}
    assert ended(queue) == expected[code]


def an_operation_with_a_claimed_batch_is_cancelled(queue: TestQueue, mutant: Mutant) -> None:
    """Another replica records the cancelled end before the first one continues."""
    both, plan = begun(queue)
    before = payloads(queue)

    def cancel() -> None:
        assert codes([ask(both.other, f"cancel {plan}")]) == ["ok"]
        both.take_over()

    with mutant(), meanwhile("batch-claimed", cancel):
        run_out(both.runner(both.one))
    assert ended(queue) == ("cancelled", 0, 0)
    assert len(queue.failed) == 4
    assert broken(queue, before) == []


def two_replicas_run_one_batch(queue: TestQueue, mutant: Mutant) -> None:
    """The first replica pauses after reading the rows; the other takes over and reads them too."""
    both, _ = begun(queue, rows=2)
    before = payloads(queue)
    with mutant(), beside(queue, both.take_over) as taking:
        with meanwhile("batch-locked", taking.begin):
            both.runner(both.one).run_once()
        taking.result()
    run_out(both.runner(both.other))
    assert len(queue.jobs) == 2
    assert broken(queue, before) == []
    assert ended(queue) == ("done", 2, 0)


def an_id_gets_another_row_after_the_preview(queue: TestQueue, mutant: Mutant) -> None:
    """Another failed job takes the frozen id, and the index has not seen it."""
    both, _ = begun(queue)
    with queue.engine.begin() as connection:
        failed = queue.queue.failed
        connection.execute(update(failed).where(failed.c.id == 2).values(payload=payload(99)))
    before = payloads(queue)
    with mutant():
        run_out(both.runner(both.one))
    assert [row.payload for row in queue.failed] == [payload(99)]
    assert ended(queue) == ("done", 3, 1)
    assert broken(queue, before) == []


def only_one_queue_was_confirmed(queue: TestQueue, mutant: Mutant) -> None:
    """Another queue has failed jobs between those of the confirmed queue."""
    both = two(queue)
    for number in range(1, 7):
        queue.fail(number, order=number, queue="mail" if number % 2 else "netsuite")
    before = payloads(queue)
    plan = previewed(both.one, "retry-all queue=mail")
    assert codes([confirm(both.one, "retry-all", plan)]) == ["ok"]
    with mutant():
        run_out(both.runner(both.one))
    assert {row.queue for row in queue.failed} == {"netsuite"}
    assert ended(queue) == ("done", 3, 0)
    assert broken(queue, before) == []


def the_person_loses_the_role(queue: TestQueue, mutant: Mutant) -> None:
    """Ana loses her role between two batches."""
    both, _ = begun(queue)
    before = payloads(queue)
    with mutant(), meanwhile("batch-committed", lambda: both.people.gone.add(ANA)):
        run_out(both.runner(both.one))
    assert ended(queue) == ("stopped", 2, 0)
    assert len(queue.failed) == 2
    assert broken(queue, before) == []


def a_bulk_change_is_undone_twice(queue: TestQueue, mutant: Mutant) -> None:
    """Two undos are previewed; the second is confirmed after a new clear of the restored rows."""
    both, first = begun(queue, "clear-failed")
    before = Counter({row.payload: 1 for row in queue.failed})
    run_out(both.runner(both.one))
    undos = [previewed(both.one, f"undo {first}") for _ in range(2)]
    assert codes([confirm(both.one, "undo", undos[0], typed=4)]) == ["ok"]
    run_out(both.runner(both.one))
    assert len(queue.failed) == 4
    again = previewed(both.one, "clear-failed")
    assert codes([confirm(both.one, "clear-failed", again, typed=4)]) == ["ok"]
    run_out(both.runner(both.one))
    with mutant():
        assert codes([confirm(both.one, "undo", undos[1], typed=4)]) == ["ok"]
        run_out(both.runner(both.one))
    assert broken(queue, before) == []
    assert queue.failed == []
