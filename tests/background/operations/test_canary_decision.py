"""What follows a canary: the other jobs, or the end of the operation."""

import json
from typing import Any

import pytest
from sqlalchemy import update

from bot.app.setup import Setup
from bot.background.operations.canary import SILENT_AFTER
from bot.background.operations.runner import Runner
from bot.background.retries.track_bulk import outcomes_once
from bot.localslack.server import LocalSlack
from bot.store import tables
from tests.kit.bulk import previewed, run_out
from tests.kit.canaries import begun, confirmation_of, decide, operation
from tests.kit.clock import Clock
from tests.kit.failures import OTHER
from tests.kit.invariants import broken
from tests.kit.posting import send, top, watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, ask, hold
from tests.kit.worker import Worker


def terminal_records(queue: TestQueue) -> list[Any]:
    ends = ("done", "stopped", "cancelled")
    return [row for row in queue.rows(tables.audit) if row.outcome in ends]


def test_only_the_canary_is_retried_until_its_outcomes_are_known(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    jobs = begun(queue, setup)
    assert len(jobs) == 3
    assert operation(queue).state == "waiting"
    tracked_jobs = queue.rows(tables.tracked_jobs)
    assert [row.job_id for row in tracked_jobs] == jobs
    assert {row.operation for row in tracked_jobs} == {operation(queue).id}
    decide(setup, clock, seconds=60)
    assert Runner(setup).run_once() is False
    assert (operation(queue).state, len(queue.failed)) == ("waiting", 5)


def test_the_other_jobs_are_retried_after_the_whole_canary_was_processed(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    jobs = begun(queue, setup)
    send(setup, slack)
    assert (
        "🐤 The remaining jobs wait for the results of the first 3 jobs: ⏳ 3 wait" in top(slack)[0]
    )
    worker = Worker(queue)
    for job in jobs[:2]:
        worker.end(job)
    decide(setup, clock)
    send(setup, slack)
    assert "✅ 2 processed · ⏳ 1 waiting" in top(slack)[0]
    assert operation(queue).state == "waiting"
    worker.end(worker.release(jobs[2]))
    decide(setup, clock)
    assert operation(queue).state == "running"
    run_out(Runner(setup, 2, lanes=1, seconds=0))
    assert (operation(queue).state, operation(queue).done) == ("done", 8)
    assert (len(queue.jobs), queue.failed) == (5, [])
    assert [row.outcome for row in terminal_records(queue)] == ["done"]
    assert broken(queue) == []


@pytest.mark.parametrize("exception", [None, OTHER])
def test_the_operation_stops_if_one_job_of_the_canary_fails_again(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack, exception: str | None
) -> None:
    jobs = begun(queue, setup)
    worker = Worker(queue)
    worker.end(jobs[0])
    new = worker.fail(jobs[1]) if exception is None else worker.fail(jobs[1], exception)
    decide(setup, clock)
    seen = operation(queue)
    assert (seen.state, seen.reason, seen.done) == ("stopped", "canary-failed", 3)
    assert sorted(row.id for row in queue.failed) == [4, 5, 6, 7, 8, new]
    (record,) = terminal_records(queue)
    assert (record.outcome, record.reason, record.actor) == ("stopped", "canary-failed", ANA)
    assert json.loads(record.arguments)["done"] == 3
    send(setup, slack)
    text = top(slack)[0]
    assert "Stopped. Failed jobs retried: 3 of 8" in text
    assert "one of the first jobs failed again" in text
    assert ("no such customer" in text) is (exception is not None)
    assert Runner(setup).run_once() is False
    assert broken(queue) == []
    clock.move(seconds=5)
    for _ in range(4):
        clock.move(seconds=5)
        outcomes_once(setup, hold(setup))
    send(setup, slack)
    assert text == top(slack)[0], (
        "later outcomes of the canary do not change the reason of the stop"
    )


def test_the_operation_stops_if_no_worker_takes_the_canary(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    begun(queue, setup)
    decide(setup, clock, seconds=SILENT_AFTER.total_seconds() - 10)
    assert operation(queue).state == "waiting"
    decide(setup, clock, seconds=14)
    assert (operation(queue).state, operation(queue).reason) == ("stopped", "canary-silent")
    assert len(queue.failed) == 5
    send(setup, slack)
    assert "are the workers running?" in top(slack)[0]
    assert broken(queue) == []


def test_the_operation_stops_if_the_canary_was_deleted(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    jobs = begun(queue, setup)
    ask(setup, f"delete {jobs[0]}")
    decide(setup, clock)
    assert (operation(queue).state, operation(queue).reason) == ("stopped", "canary-gone")


def test_the_operation_stops_if_the_failures_of_the_canary_are_removed(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    for order in range(5):
        queue.fail(order=order)
    watch(setup, hold(setup))
    plan = previewed(setup).plan
    with queue.engine.begin() as connection:
        connection.execute(update(tables.operations).values(canary=2))
    ask(setup, "delete-failed 1 2")
    with queue.engine.begin() as connection:
        connection.execute(update(tables.failures).values(removed_at=None))
    ask(setup, confirmation_of(plan))
    run_out(Runner(setup, 100, lanes=1, seconds=0))
    decide(setup, clock)
    assert (operation(queue).state, operation(queue).reason) == ("stopped", "canary-gone")
    assert len(queue.failed) == 3


def test_an_operation_can_be_cancelled_while_its_canary_waits(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    jobs = begun(queue, setup)
    assert ask(setup, f"cancel {operation(queue).id}").refusal is None
    run_out(Runner(setup))
    for job in jobs:
        Worker(queue).end(job)
    decide(setup, clock)
    assert (operation(queue).state, operation(queue).done) == ("cancelled", 3)
    assert [row.outcome for row in terminal_records(queue)] == ["cancelled"]
    assert broken(queue) == []
