"""Scenarios of a bulk change's filter, canary and rate, of a cancel and of a freeze."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from bot import failpoints
from bot.background.operations.batch_workers import BatchWorkers
from bot.store import tables
from bot.store.operations import change_freeze, operations, transitions
from tests.crash.bulk_scenarios import Two, begun, ended, meanwhile, two
from tests.crash.mutants import replaced
from tests.crash.scenarios import Mutant, previewed, run_out
from tests.kit.concurrency import SECONDS, until
from tests.kit.invariants import broken, payloads
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.kit.replicas import ask, codes, confirm

OTHER = "RuntimeException: no such customer"


class _Paused(BaseException):
    """Stops a replica at a failpoint."""


def only_one_error_group_was_confirmed(queue: TestQueue, mutant: Mutant) -> None:
    """The filter names one error, queue and time; other failures lie between the matches."""
    both = two(queue)
    early, late = datetime(2025, 11, 7), datetime(2025, 11, 9)  # noqa: DTZ001 wall clock
    late_ids = []
    for number in range(1, 4):
        late_ids.append(queue.fail(order=number, queue="mail", failed_at=late))
        queue.fail(order=number, queue="mail", failed_at=late, exception=OTHER)
        queue.fail(order=number, queue="netsuite", failed_at=late)
        queue.fail(order=number, queue="mail", failed_at=early)
    before = payloads(queue)
    previewed(both.one, "clear-failed")
    (first, *_) = queue.rows(tables.failures)
    words = f"retry error=E{first.error_group} queue=mail after=2025-11-08"
    plan = previewed(both.one, words)
    assert codes([confirm(both.one, "retry", plan)]) == ["ok"]
    with mutant():
        run_out(both.runner(both.one))
    assert not {row.id for row in queue.failed} & set(late_ids)
    assert len(queue.failed) == 9
    assert broken(queue, before) == []


def other_jobs_wait_for_the_canary(queue: TestQueue, mutant: Mutant) -> None:
    """The canary has no outcome yet."""
    both, _ = begun(queue, "retry-all canary=1")
    before = payloads(queue)
    with mutant():
        run_out(both.runner(both.one))
    assert _state(queue) == "waiting"
    assert (len(queue.jobs), len(queue.failed)) == (1, 3)
    assert broken(queue, before) == []


def a_canary_is_taken_over_after_a_crash(queue: TestQueue, mutant: Mutant) -> None:
    """After a crash, a replica with a second, faster batch worker takes over the canary's batch."""
    both, _ = begun(queue, "retry-all canary=1")
    before = payloads(queue)
    _pause_at(both, "batch-claimed")
    both.clock.move(minutes=1)
    runner = both.runner(both.other)
    runner.lanes = 2
    rows = len(queue.failed)
    is_locked, has_claimed = threading.Event(), threading.Event()

    def wait_for_the_canary() -> None:
        """Wait until the other batch worker has claimed a batch or found none."""
        has_claimed.set()
        is_locked.wait(SECONDS)

    def has_gone() -> bool:
        """Whether the other batch worker has moved its batch, or has none."""
        return has_claimed.is_set() and (
            len(queue.rows(tables.batches)) == 1 or len(queue.failed) < rows
        )

    def let_the_other_batch_worker_go_first() -> None:
        is_locked.set()
        if lanes[-1] > 1:
            until(has_gone)

    with (
        mutant(),
        _batch_workers_of_each_turn() as lanes,
        meanwhile("batch-claimed", wait_for_the_canary),
        meanwhile("batch-locked", let_the_other_batch_worker_go_first),
    ):
        run_out(runner)
    assert _state(queue) == "waiting"
    assert (len(queue.jobs), len(queue.failed)) == (1, 3)
    assert broken(queue, before) == []


def a_canary_of_two_errors_is_taken_over_after_a_crash(queue: TestQueue, mutant: Mutant) -> None:
    """A crash leaves both batches of a canary to a replica that may have several batch workers."""
    both = _begun_with_two_errors(queue)
    before = payloads(queue)

    def let_the_other_batch_worker_commit() -> None:
        if lanes[-1] > 1:
            until(lambda: any(row.state == "done" for row in queue.rows(tables.batches)))

    runner = both.runner(both.other)
    runner.lanes = 2
    with mutant():
        _pause_at(both, "batch-claimed")
        both.clock.move(minutes=1)
        with (
            _batch_workers_of_each_turn() as lanes,
            meanwhile("batch-moved", let_the_other_batch_worker_commit),
        ):
            run_out(runner)
    assert _state(queue) == "waiting"
    assert [row.id for row in queue.failed] == [2, 3, 4, 6]
    assert broken(queue, before) == []


def the_rest_lies_around_a_canary(queue: TestQueue, mutant: Mutant) -> None:
    """The canary was processed, and the rest follows in batches before, between and behind it."""
    both = _begun_with_two_errors(queue)
    before = payloads(queue)
    run_out(both.runner(both.one))
    with queue.engine.begin() as connection:
        (row,) = queue.rows(tables.operations)
        operation = operations.find(connection, row.id)
        assert operation is not None
        transitions.go_on(connection, operation, both.one.clock(connection))
    with mutant():
        run_out(both.runner(both.one))
    assert ended(queue) == ("done", 6, 0)
    ranges = [range(row.after_seq, row.last_seq) for row in queue.rows(tables.batches)]
    seqs = [seq for one in ranges for seq in one]
    assert len(seqs) == len(set(seqs)), "two batches have one failure"
    assert broken(queue, before) == []


def _begun_with_two_errors(queue: TestQueue) -> Two:
    """Confirm a retry with a canary of two jobs; failed jobs 5 and 6 have another error."""
    both = two(queue)
    for number in range(1, 7):
        queue.fail(number, order=number, exception=OTHER if number > 4 else GONE_AWAY)
    plan = previewed(both.one, "retry-all canary=2")
    assert codes([confirm(both.one, "retry-all", plan, typed=6)]) == ["ok"]
    return both


def a_waiting_operation_is_cancelled(queue: TestQueue, mutant: Mutant) -> None:
    """The operation waits for its canary; after the cancel, no further job is retried."""
    both, plan = begun(queue, "retry-all canary=1")
    before = payloads(queue)
    with mutant():
        run_out(both.runner(both.one))
        assert codes([ask(both.other, f"cancel {plan}")]) == ["ok"]
        run_out(both.runner(both.one))
    assert ended(queue) == ("cancelled", 1, 0)
    assert broken(queue, before) == []


def a_batch_was_claimed_before_the_cancel(queue: TestQueue, mutant: Mutant) -> None:
    """The replica that owns the operation claimed the batch before the cancel."""
    both, plan = begun(queue)
    before = payloads(queue)
    with mutant(), meanwhile("batch-claimed", lambda: ask(both.other, f"cancel {plan}")):
        run_out(both.runner(both.one))
    assert ended(queue) == ("cancelled", 0, 0)
    assert len(queue.failed) == 4
    assert broken(queue, before) == []


def a_rate_over_several_batches(queue: TestQueue, mutant: Mutant) -> None:
    """The rate is two jobs a minute, so 30 s lie between consecutive jobs."""
    both, _ = begun(queue, "retry-all rate=2/min", rows=5)
    before = payloads(queue)
    with mutant():
        run_out(both.runner(both.one))
    begins = sorted(row.available_at for row in queue.jobs)
    assert [moment - begins[0] for moment in begins] == [0, 30, 60, 90, 120]
    assert broken(queue, before) == []


def changes_are_frozen_after_a_batch_was_claimed(queue: TestQueue, mutant: Mutant) -> None:
    """The batch runs after the freeze ends, and not before."""
    both, _ = begun(queue)
    before = payloads(queue)

    def freeze() -> None:
        assert codes([ask(both.other, "freeze")]) == ["ok"]

    with mutant(), meanwhile("batch-claimed", freeze):
        run_out(both.runner(both.one))
    assert len(queue.failed) == 4
    assert codes([ask(both.other, "unfreeze")]) == ["ok"]
    run_out(both.runner(both.one))
    assert ended(queue) == ("done", 4, 0)
    assert broken(queue, before) == []


def changes_were_frozen_before_a_batch(queue: TestQueue, mutant: Mutant) -> None:
    """The freeze starts after the confirmation: the operation keeps running and claims no batch."""
    both, _ = begun(queue)
    assert codes([ask(both.other, "freeze")]) == ["ok"]
    with mutant():
        run_out(both.runner(both.one))
    with queue.engine.begin() as connection:
        assert change_freeze.current(connection) is not None
    assert (_state(queue), len(queue.failed)) == ("running", 4)
    assert broken(queue) == []


def _state(queue: TestQueue) -> str:
    (operation,) = queue.rows(tables.operations)
    return str(operation.state)


@contextmanager
def _batch_workers_of_each_turn() -> Iterator[list[int]]:
    """Give the number of batch workers of each turn, until the block ends."""
    run, seen = BatchWorkers.run, list[int]()

    def counted(self: BatchWorkers, lanes: int) -> bool:
        seen.append(lanes)
        return run(self, lanes)

    with replaced((BatchWorkers, "run"), by=counted):
        yield seen


def _pause_at(both: Two, step: str) -> None:
    """Run the first replica to this step and stop it there."""

    def pause() -> None:
        raise _Paused

    failpoints.arm(step, then=pause)
    try:
        both.runner(both.one).run_once()
    except _Paused:
        return
    raise AssertionError(f"{step} was not reached")
