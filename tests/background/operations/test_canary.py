"""The canary of a bulk retry: the rest runs only if all canary jobs are processed."""

from time import monotonic

import pytest
from sqlalchemy import Connection

from bot.app.parsing import Request
from bot.app.responses import Outcome, answer
from bot.app.setup import Setup
from bot.background.operations.canary import SILENT_AFTER, decide_once
from bot.background.operations.runner import Runner
from bot.database.transactions import changing
from bot.localslack.server import LocalSlack
from bot.models.requests import Actor, Invocation, Message, Modal, Source
from bot.store import tables
from bot.store.leases import LeaseLost
from bot.store.operations import batches, canary, operations
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from tests.kit.bulk import preview_of, previewed, run_out
from tests.kit.canaries import begun, confirmation_of, decide, operation
from tests.kit.clock import Clock
from tests.kit.failures import OTHER
from tests.kit.invariants import broken
from tests.kit.posting import SECONDS, send, thread, top, watch
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.kit.replicas import ANA, OPS, TEAM, ask, codes, hold, make_setup
from tests.kit.worker import Worker


def drawn(setup: Setup, outcome: Outcome) -> Message | Modal:
    """Return the answer that the person sees."""
    invocation = Invocation(Actor(ANA, TEAM, Source.SLASH), "x", 0.0, OPS)
    return answer(setup, invocation, outcome)


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
    assert ask(setup, confirmation_of(plan)).refusal is None
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
