"""A retry at a rate: when its jobs become available, over batches, canaries, crashes, freezes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.background.operations.runner import Runner
from bot.failpoints import arm, disarm
from bot.store import tables
from bot.wall_clock import unix
from tests.kit.bulk import Bench, make_bench, previewed, run_out, started
from tests.kit.invariants import broken
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, confirm


@pytest.fixture
def crash() -> Iterator[str]:
    yield "batch-claimed"
    disarm("batch-claimed")


def begins(bench: Bench) -> list[int]:
    """Return each job's start, in seconds after the first; a test compares the first with now."""
    jobs = [row.available_at for row in bench.queue.jobs]
    return [at - min(jobs) for at in sorted(jobs)]


def now(bench: Bench) -> int:
    """Return the replica's clock in Unix seconds."""
    with bench.queue.engine.begin() as connection:
        return unix(bench.clock(connection))


def most_starts_within(seconds: int, begun: list[int]) -> int:
    """Return the maximum number of jobs that become available within `seconds` seconds."""
    return max(sum(at <= other < at + seconds for other in begun) for at in begun)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("60/min", [0, 1, 2, 3, 4, 5, 6]),
        ("10/s", [0, 0, 0, 0, 0, 0, 0]),
        ("600/h", [0, 6, 12, 18, 24, 30, 36]),
        ("7", [0, 8, 17, 25, 34, 42, 51]),
        ("1", [0, 60, 120, 180, 240, 300, 360]),
    ],
)
def test_each_retried_job_is_available_at_the_time_that_the_rate_gives(
    bench: Bench, rate: str, expected: list[int]
) -> None:
    bench.fill(7)
    before = now(bench)
    started(bench.setup, f"retry-all rate={rate}")
    run_out(bench.runner(1_000))
    assert begins(bench) == expected
    assert before <= min(row.available_at for row in bench.queue.jobs) <= now(bench) + 1


@pytest.mark.parametrize("rows", [1, 3])
def test_a_rate_continues_across_batches(bench: Bench, rows: int) -> None:
    bench.fill(7)
    started(bench.setup, "retry-all rate=6")
    run_out(bench.runner(rows))
    assert begins(bench) == [0, 10, 20, 30, 40, 50, 60]
    assert broken(bench.queue) == []


def test_the_order_of_the_failures_is_the_order_of_their_jobs(bench: Bench) -> None:
    bench.fill(5)
    bench.queue.fail(3_000, queue="mail")
    started(bench.setup, "retry rate=6 queue=netsuite")
    run_out(bench.runner(2))
    jobs = sorted(bench.queue.jobs, key=lambda row: row.available_at)
    payloads = [row.payload for row in jobs]
    assert [f'"order_id": {order},' in body for order, body in enumerate(payloads)] == [True] * 5


def test_jobs_left_by_a_crash_are_retried_at_the_rate(bench: Bench, crash: str) -> None:
    bench.fill(8)
    started(bench.setup, "retry-all rate=6")
    runner = replace(bench.runner(2), seconds=60)

    def fault() -> None:
        raise KeyboardInterrupt

    arm(crash, then=fault)
    with pytest.raises(KeyboardInterrupt):
        runner.run_once()
    assert {row.state for row in bench.queue.rows(tables.batches)} == {"claimed"}
    bench.clock.move(hours=1)
    late = now(bench)
    run_out(bench.runner(2, bench.other))
    assert min(row.available_at for row in bench.queue.jobs) >= late
    assert begins(bench) == [0, 10, 20, 30, 40, 50, 60, 70]
    assert broken(bench.queue) == []


def test_after_a_freeze_no_job_is_available_in_the_past(bench: Bench, crash: str) -> None:
    bench.fill(8)
    started(bench.setup, "retry-all rate=6")
    arm(crash, then=lambda: ask(bench.setup, "freeze"))
    replace(bench.runner(2), seconds=60).run_once()
    assert {row.state for row in bench.queue.rows(tables.batches)} == {"claimed"}
    bench.clock.move(minutes=30)
    ask(bench.setup, "unfreeze")
    late = now(bench)
    run_out(bench.runner(2))
    assert min(row.available_at for row in bench.queue.jobs) >= late
    assert begins(bench) == [0, 10, 20, 30, 40, 50, 60, 70]


def test_two_batch_workers_together_do_not_exceed_the_rate(mariadb_queue: TestQueue) -> None:
    bench = make_bench(mariadb_queue)
    bench.fill(40)
    started(bench.setup, "retry-all rate=60/min")
    run_out(Runner(bench.setup, 3, lanes=2, seconds=5))
    assert begins(bench) == list(range(40))
    assert most_starts_within(10, begins(bench)) == 10


def test_the_rate_and_canary_of_the_confirmation_replace_those_of_the_preview(bench: Bench) -> None:
    bench.fill(4)
    plan = previewed(bench.setup, "retry-all rate=600 canary=2").plan
    confirm(bench.setup, "retry-all", plan, rate=6, canary=0)
    assert (bench.operation().rate, bench.operation().canary) == (6, None)
    run_out(bench.runner(2))
    assert begins(bench) == [0, 10, 20, 30]
