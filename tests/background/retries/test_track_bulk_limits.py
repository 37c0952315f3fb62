"""Replicas, leases and limits of the outcomes of bulk retries."""

import pytest
from sqlalchemy import insert, select

from bot.app.setup import Setup
from bot.background.failures import PASSES
from bot.background.retries.track_bulk import outcomes_once
from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.failures.unindexed import PASS_ROWS
from bot.store.leases import LeaseLost
from bot.store.operations.retries import outcomes
from tests.kit.bulk_outcomes import count, retried, seen
from tests.kit.clock import Clock
from tests.kit.failures import FAILURE
from tests.kit.posting import send, thread
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import hold, make_setup
from tests.kit.worker import Worker


def test_each_range_of_ids_is_counted_once(queue: TestQueue, setup: Setup, clock: Clock) -> None:
    filler = [
        {"queue": "mail", "payload": payload(900), "available_at": 1, "created_at": 1}
        for _ in range(outcomes.WIDTH - 5)
    ]
    with queue.engine.begin() as connection:
        connection.execute(insert(queue.queue.jobs), filler)
    jobs = retried(queue, setup)
    assert jobs[0] // outcomes.WIDTH != jobs[-1] // outcomes.WIDTH, "two ranges are needed"
    worker = Worker(queue)
    released = [worker.release(job) for job in jobs]
    with queue.engine.begin() as connection:
        connection.execute(insert(queue.queue.jobs), filler * 2)
    count(setup, clock, seconds=30)
    assert seen(queue).waiting == 10
    for job in released[:9]:
        worker.end(job)
    count(setup, clock)
    assert seen(queue).waiting == 1


def test_no_outcome_is_final_while_the_index_is_behind(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    jobs = retried(queue, setup, [1, 2, 3])
    worker = Worker(queue)
    ended = [worker.end(job) for job in jobs]
    many = [{**FAILURE, "payload": payload(100 + n)} for n in range(PASSES * PASS_ROWS)]
    with queue.engine.begin() as connection:
        connection.execute(insert(queue.queue.failed), many)
    worker.write_failure(ended[1])
    count(setup, clock, seconds=6)
    assert seen(queue).state == "following"
    count(setup, clock, seconds=18)
    assert (seen(queue).state, seen(queue).failed_again) == ("settled", 1)


def test_two_replicas_post_the_result_once(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    for job in retried(queue, setup):
        Worker(queue).end(job)
    paused = hold(setup)
    other = make_setup(queue, "b", clock=clock)
    clock.move(seconds=11)
    outcomes_once(other, hold(other))
    clock.move(seconds=4)
    with pytest.raises(LeaseLost):
        outcomes_once(setup, paused)
    count(other, clock)
    send(other, slack)
    assert len(thread(slack)) == 1


def test_a_replica_paused_past_its_lease_counts_nothing(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    retried(queue, setup)
    paused = hold(setup)
    clock.move(seconds=11)
    hold(make_setup(queue, "b", clock=clock))
    with pytest.raises(LeaseLost):
        outcomes_once(setup, paused)
    assert seen(queue).waiting is None


def test_a_pass_counts_a_limited_number_of_new_ranges(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    retried(queue, setup, [1])
    far = (outcomes.NEW_RANGES + 3) * outcomes.WIDTH
    queue.push(far, order=2)
    clock.move(seconds=4)
    outcomes_once(setup, hold(setup))
    assert seen(queue).waiting is None, "not every range was counted"
    count(setup, clock)
    assert seen(queue).waiting == 1
    with queue.engine.begin() as connection:
        assert connection.execute(select(tables.outcome_ranges.c.number)).scalars().all() == [0]
