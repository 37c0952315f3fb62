"""Outcomes of a bulk retry are counted correctly, in bounded passes, and posted."""

from sqlalchemy import insert, update

from bot.app.parsing import Request
from bot.app.setup import Setup
from bot.background.operations.runner import Runner
from bot.background.retries.track_bulk import outcomes_once
from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.operations.retries import outcomes
from tests.kit.bulk import previewed, run_out, started
from tests.kit.bulk_outcomes import count, retried, seen
from tests.kit.clock import Clock
from tests.kit.failures import OTHER
from tests.kit.posting import send, thread, top, watch
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import ANA, ask, hold
from tests.kit.worker import Worker


def message_text(setup: Setup, slack: LocalSlack) -> str:
    send(setup, slack)
    return top(slack)[0]


def test_the_counts_show_the_outcomes_of_the_jobs_that_workers_processed(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    jobs = retried(queue, setup)
    count(setup, clock)
    assert "⏳ 10 waiting" in message_text(setup, slack)
    worker = Worker(queue)
    for job in jobs[:6]:
        worker.end(job)
    for job in jobs[6:8]:
        worker.fail(job)
    worker.fail(jobs[8], OTHER)
    watch(setup, hold(setup))
    count(setup, clock)
    counts = "✅ 6 processed · 🔴 2 failed again · 🔴 1 failed with another error · ⏳ 1 waiting"
    assert counts in message_text(setup, slack)
    assert thread(slack) == []
    worker.end(jobs[9])
    count(setup, clock)
    text = message_text(setup, slack)
    assert "✅ 7 processed · 🔴 2 failed again · 🔴 1 failed with another error" in text
    assert "All retried jobs have ended" in text
    assert "wait" not in text
    (reply,) = thread(slack)
    assert f"<@{ANA}>" in reply
    assert "✅ 7 processed" in reply
    assert seen(queue).state == "settled"


def test_nobody_is_mentioned_if_all_jobs_are_processed(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    for job in retried(queue, setup):
        Worker(queue).end(job)
    count(setup, clock)
    send(setup, slack)
    (reply,) = thread(slack)
    assert "✅ 10 processed" in reply
    assert ANA not in reply
    assert count(setup, clock, seconds=120) == 0
    assert seen(queue).next_check_at is None
    assert queue.rows(tables.outcome_ranges) == []


def test_a_released_job_still_counts_as_waiting(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    worker = Worker(queue)
    jobs = [worker.release(job) for job in retried(queue, setup)]
    count(setup, clock)
    assert (seen(queue).waiting, seen(queue).state) == (10, "following")
    jobs = [worker.release(job) for job in jobs]
    count(setup, clock)
    assert seen(queue).waiting == 10
    for job in jobs:
        worker.end(job)
    count(setup, clock)
    assert (seen(queue).waiting, seen(queue).state) == (0, "settled")


def test_jobs_that_do_not_belong_to_the_retry_are_not_counted(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    queue.push(order=500)
    jobs = retried(queue, setup)
    for order in range(100, 120):
        queue.push(order=order)
    queue.fail(order=501)
    for job in jobs[:4]:
        Worker(queue).end(job)
    watch(setup, hold(setup))
    count(setup, clock)
    row = seen(queue)
    assert (row.waiting, row.failed_again, row.failed_otherwise) == (6, 0, 0)


def test_a_job_released_with_an_id_of_a_counted_range_still_waits(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    (job,) = retried(queue, setup, [7])
    row = {"queue": "mail", "payload": payload(900), "available_at": 1, "created_at": 1}
    with queue.engine.begin() as connection:
        connection.execute(insert(queue.queue.jobs), [row] * (outcomes.WIDTH + 500))
    count(setup, clock)
    assert seen(queue).waiting == 1
    later = Worker(queue).release(job)
    assert later // outcomes.WIDTH == 1, "the new id is in a range that had no job of this retry"
    count(setup, clock)
    assert (seen(queue).waiting, seen(queue).state) == (1, "following")


def test_outcomes_of_identical_payloads_are_counted_and_not_assigned_to_single_jobs(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    jobs = retried(queue, setup, [7, 7, 7, 7])
    count(setup, clock)
    assert seen(queue).waiting == 4
    worker = Worker(queue)
    worker.end(jobs[0])
    worker.fail(jobs[1])
    worker.fail(jobs[2])
    worker.end(jobs[3])
    watch(setup, hold(setup))
    count(setup, clock)
    assert "✅ 2 processed · 🔴 2 failed again" in message_text(setup, slack)


def test_a_failure_after_a_second_retry_is_not_counted_for_the_first_retry(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    (job,) = retried(queue, setup, [7])
    again = Worker(queue).fail(job)
    watch(setup, hold(setup))
    assert ask(setup, f"retry {again}").refusal is None
    Worker(queue).fail(queue.jobs[0].id)
    watch(setup, hold(setup))
    count(setup, clock)
    row = seen(queue)
    assert (row.failed_again, row.waiting, row.state) == (1, 0, "settled")


def test_jobs_deleted_with_the_bot_are_no_longer_queued(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    jobs = retried(queue, setup)
    ask(setup, f"delete {jobs[0]} {jobs[1]}")
    for job in jobs[2:]:
        Worker(queue).end(job)
    count(setup, clock)
    assert "✅ 8 processed · ⚪ 2 no longer queued" in message_text(setup, slack)


def test_a_late_failure_corrects_the_counts_and_is_posted(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    jobs = retried(queue, setup)
    worker = Worker(queue)
    ended = [worker.end(job) for job in jobs]
    count(setup, clock)
    assert seen(queue).state == "settled"
    worker.write_failure(ended[3])
    watch(setup, hold(setup))
    count(setup, clock, seconds=70)
    assert "✅ 9 processed · 🔴 1 failed again" in message_text(setup, slack)
    assert ["9 processed" in reply for reply in thread(slack)] == [False, True]


def test_jobs_that_wait_long_are_reported_once_and_later_no_longer_tracked(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    retried(queue, setup)
    count(setup, clock, seconds=590, step=10)
    send(setup, slack)
    assert thread(slack) == []
    count(setup, clock, seconds=60, step=10)
    send(setup, slack)
    (reply,) = thread(slack)
    assert "⏳ 10 waiting" in reply
    clock.move(seconds=86_400)
    outcomes_once(setup, hold(setup))
    assert "no longer tracks" in message_text(setup, slack)
    assert len(thread(slack)) == 2
    assert queue.rows(tables.outcome_ranges) == []


def test_a_retry_with_a_rate_is_late_only_after_the_time_that_the_rate_needs(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    retried(queue, setup)
    with queue.engine.begin() as connection:
        connection.execute(update(tables.operations).values(rate=1))
    count(setup, clock, seconds=900, step=30)
    assert bool(seen(queue).late) is False
    count(setup, clock, seconds=600, step=30)
    assert bool(seen(queue).late) is True


def test_clear_failed_is_not_tracked(queue: TestQueue, setup: Setup) -> None:
    queue.fail(order=1)
    watch(setup, hold(setup))
    plan = previewed(setup, "clear-failed")
    assert plan.total == 1
    started(setup, "clear-failed")
    run_out(Runner(setup))
    assert queue.rows(tables.outcomes) == []


def test_the_jobs_that_a_cancelled_retry_moved_are_tracked(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    for order in range(10):
        queue.fail(order=order)
    watch(setup, hold(setup))
    number = started(setup).operation
    runner = Runner(setup, 4, lanes=1, seconds=0)
    runner.run_once()
    ask(setup, f"cancel {number}")
    run_out(runner)
    for job in queue.jobs:
        Worker(queue).end(job.id)
    count(setup, clock)
    text = message_text(setup, slack)
    assert "Failed jobs retried: 4 of 10" in text
    assert "✅ 4 processed" in text


def test_jobs_restored_by_an_undo_count_as_no_longer_queued_and_not_as_failed_again(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    jobs = retried(queue, setup)
    send(setup, slack)
    count(setup, clock, seconds=3)
    for job in jobs[:3]:
        Worker(queue).end(job)
    # Another failed job has the id of one of the restored rows by then.
    taken = queue.rows(tables.failures)[5].failed_id
    queue.fail(taken, order=77)
    (operation,) = queue.rows(tables.operations)
    plan = previewed(setup, f"undo {operation.id}")
    assert ask(setup, Request("undo", {"plan": plan.plan})).refusal is None
    run_out(Runner(setup, 3, lanes=1, seconds=0))
    watch(setup, hold(setup))
    count(setup, clock, seconds=30)
    text = message_text(setup, slack)
    assert "✅ 3 processed · ⚪ 7 no longer queued" in text
    assert "failed again" not in text
