"""Possible duplicates of a bulk retry are found, always by bounded reads."""

from time import monotonic

import pytest
from sqlalchemy import insert

from bot.app.setup import Setup
from bot.database.transactions import reading
from bot.models.duplicates import Duplicates
from bot.models.operations import Scope
from bot.store import tables
from bot.store.operations import duplicates
from bot.store.operations.scopes import matching
from tests.kit.clock import Clock
from tests.kit.posting import watch
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import ask, hold, make_setup
from tests.kit.worker import Worker, follow


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def setup(queue: TestQueue, clock: Clock) -> Setup:
    made = make_setup(queue, clock=clock)
    watch(made, hold(made))
    return made


def failing(queue: TestQueue, setup: Setup, *orders: int, name: str = "netsuite") -> None:
    for order in orders:
        queue.fail(order=order, queue=name)
    watch(setup, hold(setup))


def find_duplicates(setup: Setup, name: str | None = None) -> Duplicates:
    with reading(setup.engine, monotonic() + 40) as connection:
        within = matching(Scope(queue=name))
        return duplicates.find(connection, setup.queue, within, name, seconds=5)


def test_a_scope_without_duplicates_has_none(queue: TestQueue, setup: Setup) -> None:
    failing(queue, setup, 1, 2, 3)
    queue.push(order=9)
    assert find_duplicates(setup) == Duplicates(
        queued=0, identical=0, processed_later=0, bounded=False
    )


def test_failures_of_orders_that_are_queued_already_are_counted(
    queue: TestQueue, setup: Setup
) -> None:
    failing(queue, setup, 1, 2, 2, 3)
    queue.push(order=2)
    queue.push(order=3, reserved_at=1_762_537_400)
    queue.push(order=1, queue="mail")
    seen = find_duplicates(setup)
    assert (seen.queued, seen.queued_orders) == (3, ("2", "3"))
    assert find_duplicates(setup, "mail").queued == 0, "no mail job of order 1 has failed"


def test_failures_with_equal_payloads_are_counted_as_duplicates(
    queue: TestQueue, setup: Setup
) -> None:
    failing(queue, setup, 1, 2, 2, 2, 3, 3)
    failing(queue, setup, 1, name="mail")
    assert find_duplicates(setup).identical == 5


def test_failures_whose_order_was_processed_since_are_counted(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    failing(queue, setup, 1, 1, 2)
    outcome = ask(setup, "retry 1")
    assert outcome.refusal is None
    (job,) = queue.jobs
    Worker(queue).end(job.id)
    assert find_duplicates(setup).processed_later == 0, "the outcome is not known yet"
    follow(setup, clock)
    seen = find_duplicates(setup)
    assert (seen.processed_later, seen.processed_orders) == (1, ("1",))


def test_a_failure_after_its_order_was_processed_is_no_duplicate(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    failing(queue, setup, 1)
    ask(setup, "retry 1")
    Worker(queue).end(queue.jobs[0].id)
    follow(setup, clock)
    failing(queue, setup, 1)
    assert find_duplicates(setup).processed_later == 0


def test_the_count_says_if_the_queue_is_longer_than_the_scan(
    queue: TestQueue, setup: Setup
) -> None:
    failing(queue, setup, 1)
    queue.push(order=1)
    body = payload(9)
    many = [
        {"queue": "netsuite", "payload": body, "available_at": 1, "created_at": 1}
        for _ in range(duplicates.JOBS)
    ]
    with queue.engine.begin() as connection:
        connection.execute(insert(queue.queue.jobs), many)
    seen = find_duplicates(setup)
    assert (seen.queued, seen.bounded) == (0, True)


def test_only_failures_of_the_scope_are_counted(queue: TestQueue, setup: Setup) -> None:
    failing(queue, setup, 1, 1)
    failing(queue, setup, 1, 1, name="mail")
    queue.push(order=1)
    seen = find_duplicates(setup, "netsuite")
    assert (seen.queued, seen.identical) == (2, 2)
    assert len(queue.rows(tables.failures)) == 4
