"""Which operation runs next, which replica may end one, and how much a batch contains."""

from time import monotonic

import pytest
from sqlalchemy import select, update

from bot.background.operations.progress import end
from bot.background.operations.runner import FAILED, NOBODY
from bot.database.transactions import changing
from bot.store import tables
from bot.store.operations.batches import BATCH_BYTES, WIDEST
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from tests.kit.bulk import Bench, make_bench, previewed, run_out, started
from tests.kit.invariants import broken
from tests.kit.posting import SECONDS, watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, codes, hold


def test_a_cancelled_operation_ends_although_an_earlier_operation_waits(bench: Bench) -> None:
    bench.fill(2, queue="mail")
    bench.fill(2, queue="stock")
    first = started(bench.setup, "retry-all queue=mail").operation
    second = started(bench.setup, "retry-all queue=stock").operation
    assert codes([ask(bench.setup, "freeze")]) == ["ok"]
    assert codes([ask(bench.setup, f"cancel {second}")]) == ["ok"]
    run_out(bench.runner())
    assert (bench.operation(first).state, bench.operation(first).done) == ("running", 0)
    assert (bench.operation(second).state, bench.operation(second).done) == ("cancelled", 0)


def test_a_replica_that_stops_does_not_end_an_operation_that_another_took_over(
    bench: Bench,
) -> None:
    bench.fill(4)
    number = started(bench.setup).operation
    seen = bench.operation(number)
    bench.clock.by += 2 * TAKEN_OVER_AFTER
    bench.runner(setup=bench.other).run_once()
    ended = changing(
        bench.setup.engine,
        monotonic() + SECONDS,
        lambda connection: end(bench.setup, connection, seen, "stopped", FAILED, NOBODY),
    )
    assert not ended
    run_out(bench.runner(setup=bench.other))
    assert (bench.operation(number).state, bench.operation(number).done) == ("done", 4)
    assert broken(bench.queue) == []


def test_the_range_of_a_batch_begins_at_its_first_failure(bench: Bench) -> None:
    bench.fill(5, queue="mail")
    bench.fill(2, queue="stock")
    started(bench.setup, "retry-all queue=stock")
    run_out(bench.runner())
    (batch,) = bench.queue.rows(tables.batches)
    assert (batch.after_seq, batch.last_seq, batch.rows) == (5, 7, 2)
    assert broken(bench.queue) == []


def test_large_failures_are_moved_in_smaller_batches(bench: Bench) -> None:
    for _ in range(4):
        bench.queue.fail(body="x" * (BATCH_BYTES // 2))
    assert previewed(bench.setup).bytes > 2 * BATCH_BYTES
    started(bench.setup)
    run_out(bench.runner(rows=1_000))
    assert [batch.size for batch in bench.queue.rows(tables.batches)] == [1, 1, 1, 1]
    assert len(bench.queue.jobs) == 4


def test_a_batch_of_scattered_failures_reads_no_further_than_its_width(
    mariadb_queue: TestQueue,
) -> None:
    bench = make_bench(mariadb_queue)
    rare = {3: 2_000, 9: 2_002, 15: WIDEST + 3_000}
    for id_ in range(1, 16):
        bench.queue.fail(id_, queue="stock" if id_ in rare else "mail")
    watch(bench.setup, hold(bench.setup))
    with bench.queue.engine.begin() as connection:
        # As if thousands of other jobs had failed in between.
        for id_ in sorted(rare, reverse=True):
            moved = update(tables.failures).where(tables.failures.c.failed_id == id_)
            connection.execute(moved.values(seq=rare[id_]))
    number = started(bench.setup, "retry queue=stock").operation
    run_out(bench.runner(rows=1_000))
    ranges = [(one.after_seq, one.last_seq, one.rows) for one in bench.queue.rows(tables.batches)]
    assert ranges == [(1_999, 2_002, 2), (WIDEST + 2_999, WIDEST + 3_000, 1)]
    assert bench.operation(number).done == 3
    assert broken(bench.queue) == []


@pytest.mark.parametrize("words", ["retry-all queue=mail", "clear-failed queue=mail archive=no"])
def test_a_batch_with_gaps_waits_for_no_failed_job_between_its_ids(
    mariadb_queue: TestQueue, words: str
) -> None:
    bench = make_bench(mariadb_queue)
    for id_ in range(1, 31):
        bench.queue.fail(id_, queue="stock" if id_ == 15 else "mail")
    for id_ in range(101, 161):
        bench.queue.fail(id_, queue="stock")
    watch(bench.setup, hold(bench.setup))
    f = tables.failures.c
    with bench.queue.engine.begin() as connection:
        # The range of ids has fewer rows than the range of `seq`, so a server prefers the ids.
        later = update(tables.failures).where(f.failed_id.between(16, 30))
        connection.execute(later.values(seq=f.seq + 1_000))
    number = started(bench.setup, words).operation
    failed = mariadb_queue.queue.failed
    with mariadb_queue.engine.connect() as other_batch:
        other_batch.execute(select(failed.c.id).where(failed.c.id == 15).with_for_update()).one()
        bench.runner(rows=1_000).run_once()
        other_batch.rollback()
    assert bench.operation(number).done == 29
    assert broken(bench.queue) == []


def test_each_job_of_the_canary_is_its_own_batch(bench: Bench) -> None:
    for id_ in (1, 2, 3):
        bench.queue.fail(id_)
    watch(bench.setup, hold(bench.setup))
    with bench.queue.engine.begin() as connection:
        far = update(tables.failures).where(tables.failures.c.failed_id == 3)
        connection.execute(far.values(seq=3 * WIDEST))
    started(bench.setup, "retry-all canary=3")
    run_out(bench.runner(rows=1_000))
    assert [one.rows for one in bench.queue.rows(tables.batches)] == [1, 1, 1]
    assert bench.operation().state == "waiting"
