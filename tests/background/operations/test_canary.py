"""The canary of a bulk retry: the rest runs only if all canary jobs are processed."""

import json
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Connection, update

from bot.app.command import Setup
from bot.app.parsing import Request
from bot.app.responses import Outcome, answer
from bot.background.operations.canary import SILENT_AFTER, decide_once
from bot.background.operations.runner import Runner
from bot.background.retries.track_bulk import outcomes_once
from bot.database.transactions import changing
from bot.localslack.server import LocalSlack
from bot.models.requests import Actor, Invocation, Message, Modal, Source
from bot.store import tables
from bot.store.leases import LeaseLost
from bot.store.operations import batches, canary, operations
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from tests.kit.bulk import preview_of, previewed, run_out
from tests.kit.clock import Clock
from tests.kit.failures import OTHER
from tests.kit.invariants import broken
from tests.kit.posting import SECONDS, send, thread, top, watch
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.kit.replicas import ANA, OPS, TEAM, ask, codes, hold, make_setup
from tests.kit.worker import Worker, follow


def begun(queue: TestQueue, setup: Setup, rows: int = 8, canary: int = 3) -> list[int]:
    """Start a retry of all jobs with a canary, run its first batch; return the canary's job ids."""
    for order in range(rows):
        queue.fail(order=order)
    watch(setup, hold(setup))
    plan = previewed(setup).plan
    with queue.engine.begin() as connection:
        connection.execute(update(tables.operations).values(canary=canary))
    outcome = ask(setup, _confirmed(plan))
    assert outcome.refusal is None
    run_out(Runner(setup, 100, lanes=2, seconds=0))
    return [row.id for row in queue.jobs]


def _confirmed(plan: int) -> Request:
    return Request("retry-all", {"plan": plan})


def operation(queue: TestQueue) -> Any:
    (row,) = queue.rows(tables.operations)
    return row


def decide(setup: Setup, clock: Clock, *, seconds: float = 8) -> None:
    """Run passes of outcomes and canary decisions for `seconds`."""
    for _ in range(max(1, round(seconds / 2))):
        follow(setup, clock, seconds=2, step=2)
        decide_once(setup, hold(setup))


def drawn(setup: Setup, outcome: Outcome) -> Message | Modal:
    """Return the answer that the person sees."""
    invocation = Invocation(Actor(ANA, TEAM, Source.SLASH), "x", 0.0, OPS)
    return answer(setup, invocation, outcome)


def terminal_records(queue: TestQueue) -> list[Any]:
    ends = ("done", "stopped", "cancelled")
    return [row for row in queue.rows(tables.audit) if row.outcome in ends]


def test_no_batch_is_claimed_while_the_batch_of_the_canary_must_be_repeated(
    queue: TestQueue, setup: Setup
) -> None:
    for order in range(8):
        queue.fail(order=order)
    watch(setup, hold(setup))
    plan = previewed(setup).plan
    request = Request("retry-all", {"plan": plan, "canary": 2})
    assert ask(setup, request).refusal is None

    def claim(connection: Connection) -> list[int]:
        operation = operations.find(connection, plan)
        assert operation is not None
        now = setup.clock(connection)
        claimed = batches.claim(connection, queue.queue, operation, setup.replica, now, 3, 4)
        return [one.size for one in claimed]

    def claimed() -> list[int]:
        return changing(setup.engine, monotonic() + SECONDS, claim)

    assert claimed() == [1, 1]
    assert claimed() == []
    run_out(Runner(setup, 100, lanes=2, seconds=0))
    assert (len(queue.jobs), operation(queue).state) == (2, "waiting")


CANARIES = {
    "canary=1": ([1], "1 job of the largest of 3 errors is retried first"),
    "canary=2": ([1, 3], "one of each of the 2 largest of 3 errors"),
    "canary=3": ([1, 3, 5], "3 jobs are retried first, from all 3 errors"),
    "canary=5": ([1, 2, 3, 5, 7], "5 jobs are retried first, from all 3 errors"),
    "canary=6": ([1, 2, 3, 4, 5, 7], "6 jobs are retried first, from all 3 errors"),
}
"""The failed jobs that each canary takes from three errors of four, two and one failed job."""


def of_three_errors(queue: TestQueue) -> None:
    """Insert failed jobs 1, 2, 4 and 6 of one error, 3 and 7 of a second one, 5 of a third one."""
    for number in range(1, 8):
        error = {3: OTHER, 7: OTHER, 5: "TypeError: no price"}.get(number, GONE_AWAY)
        queue.fail(number, order=number, exception=error)


def test_a_canary_takes_from_each_error_the_largest_first(queue: TestQueue, setup: Setup) -> None:
    of_three_errors(queue)
    watch(setup, hold(setup))
    for words, (ids, sentence) in CANARIES.items():
        outcome = ask(setup, f"retry-all {words}")
        assert sentence in str(drawn(setup, outcome)), words
        plan = preview_of(outcome).plan
        with queue.engine.begin() as connection:
            operation = operations.find(connection, plan)
            assert operation is not None
            seqs = canary.first_seqs(connection, queue.queue, operation, operation.canary or 0)
        rows = {row.seq: row.failed_id for row in queue.rows(tables.failures)}
        assert [rows[seq] for seq in seqs] == ids, words


def test_two_merged_errors_are_one_error_of_a_canary(queue: TestQueue, setup: Setup) -> None:
    of_three_errors(queue)
    watch(setup, hold(setup))
    groups = {row.failed_id: row.error_group for row in queue.rows(tables.failures)}
    values = {"error": f"E{groups[3]}", "into": f"E{groups[1]}", "confirmed": 1}
    assert ask(setup, Request("merge", values)).refusal is None

    plan = preview_of(ask(setup, "retry-all canary=2")).plan

    with queue.engine.begin() as connection:
        operation = operations.find(connection, plan)
        assert operation is not None
        seqs = canary.first_seqs(connection, queue.queue, operation, 2)
    assert [row.failed_id for row in queue.rows(tables.failures) if row.seq in seqs] == [1, 5]


def test_other_jobs_follow_a_canary_of_several_errors_and_an_undo_restores_all(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    of_three_errors(queue)
    watch(setup, hold(setup))
    plan = previewed(setup, "retry-all canary=3").plan
    assert ask(setup, _confirmed(plan)).refusal is None
    runner = Runner(setup, 2, lanes=1, seconds=0)
    run_out(runner)
    assert (operation(queue).state, [row.id for row in queue.failed]) == ("waiting", [2, 4, 6, 7])
    send(setup, slack)
    assert (
        "🐤 The remaining jobs wait for the results of the first 3 jobs, from 3 errors"
        in top(slack)[0]
    )
    for row in queue.jobs:
        Worker(queue).end(row.id)
    decide(setup, clock)
    run_out(runner)
    assert (operation(queue).state, operation(queue).done) == ("done", 7)
    assert broken(queue) == []
    undo = previewed(setup, f"undo {plan}")
    assert ask(setup, Request("undo", {"plan": undo.plan, "typed": 7})).refusal is None
    run_out(runner)
    assert [row.id for row in queue.failed] == [2, 4, 6, 7]
    assert broken(queue) == []


def test_a_canary_of_one_job_is_refused_with_the_reason(queue: TestQueue, setup: Setup) -> None:
    queue.fail(45, order=1)
    watch(setup, hold(setup))
    for words in ("retry 45 canary=3", "retry order=1 canary=1", "retry-all canary=2"):
        outcome = ask(setup, words)
        assert codes([outcome]) == ["invalid"], words
        assert "A canary needs several jobs" in str(drawn(setup, outcome))
    assert (queue.count(tables.operations), len(queue.failed)) == (0, 1)


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
    ask(setup, _confirmed(plan))
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


def test_another_replica_continues_the_operation_of_a_lost_replica(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    for job in begun(queue, setup):
        Worker(queue).end(job)
    clock.move(seconds=TAKEN_OVER_AFTER.total_seconds() + 60)
    other = make_setup(queue, "b", clock=clock)
    decide(other, clock)
    assert operation(queue).state == "running"
    clock.move(seconds=TAKEN_OVER_AFTER.total_seconds() + 1)
    run_out(Runner(other, 100, lanes=1, seconds=0))
    assert (operation(queue).state, operation(queue).done) == ("done", 8)


def test_a_replica_paused_past_its_lease_does_not_decide_about_the_canary(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    begun(queue, setup)
    paused = hold(setup)
    clock.move(seconds=SILENT_AFTER.total_seconds() + 60)
    hold(make_setup(queue, "b", clock=clock))
    with pytest.raises(LeaseLost):
        decide_once(setup, paused)
    assert operation(queue).state == "waiting"


def test_the_jobs_of_the_canary_have_no_message_of_their_own(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    for job in begun(queue, setup):
        Worker(queue).end(job)
    decide(setup, clock)
    send(setup, slack)
    assert len(top(slack)) == 1
    assert thread(slack) == []
