"""Jobs with the same payload: each failure is the outcome of one retry."""

from bot.app.setup import Setup
from tests.kit.clock import Clock
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import hold
from tests.kit.tracked_jobs import failing, retried, rows, states
from tests.kit.worker import Worker, follow


def test_a_missing_job_id_is_no_outcome_while_a_later_row_has_the_same_payload(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (job,) = retried(setup, *failing(queue, setup))
    for _ in range(3):
        worker.take(job)
        job = worker.release(job)
        assert follow(setup, clock, seconds=20, step=4) == 0
        assert [(row.state, row.job_id) for row in rows(queue)] == [("waiting", job)]
    worker.end(job)
    assert follow(setup, clock, seconds=20, step=4) == 1
    assert states(queue) == ["processed"]


def test_one_failure_is_the_outcome_of_only_one_of_two_jobs_with_the_same_payload(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    jobs = retried(setup, *failing(queue, setup, 5, 5, 5))
    worker.end(jobs[0])
    worker.fail(jobs[2])
    follow(setup, clock)
    tracked = rows(queue)
    assert sorted(states(queue)) == ["failed-again", "processed", "waiting"]
    assert len([row for row in tracked if row.outcome_seq is not None]) == 1
    worker.end(jobs[1])
    follow(setup, clock, seconds=80, step=5)
    assert sorted(states(queue)) == ["failed-again", "processed", "processed"]


def test_each_released_job_with_the_same_payload_is_tracked_once(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    jobs = retried(setup, *failing(queue, setup, 5, 5))
    later = [worker.release(job) for job in jobs]
    follow(setup, clock)
    assert sorted(row.job_id for row in rows(queue)) == later
    worker.end(later[0])
    follow(setup, clock)
    assert sorted(states(queue)) == ["processed", "waiting"]


def test_an_older_failure_with_the_same_payload_is_no_outcome(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    first, _ = failing(queue, setup, 5, 5)
    (job,) = retried(setup, first)
    worker.end(job)
    follow(setup, clock)
    assert states(queue) == ["processed"]


def test_a_failure_with_the_same_payload_in_another_queue_is_not_the_outcome(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (job,) = retried(setup, *failing(queue, setup, 5))
    queue.push(queue="mail", order=5)
    row = worker.end(job)
    worker.write_failure({**row, "queue": "mail"})
    follow(setup, clock)
    assert states(queue) == ["processed"]


def test_a_restored_failure_is_no_new_failure(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (failed,) = failing(queue, setup, 5)
    (job,) = retried(setup, failed)
    worker.end(job)
    queue.fail(failed, order=5)
    follow(setup, clock)
    assert "failed-again" not in states(queue)


def test_a_second_retry_does_not_change_the_outcome_of_the_first_retry(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (job,) = retried(setup, *failing(queue, setup, 5))
    again = worker.fail(job)
    watch(setup, hold(setup))
    (second,) = retried(setup, again)
    follow(setup, clock)
    assert states(queue) == ["failed-again", "waiting"]
    worker.end(second)
    follow(setup, clock)
    assert states(queue) == ["failed-again", "processed"]
