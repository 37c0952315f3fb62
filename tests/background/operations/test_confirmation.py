"""Confirm a plan: once, in time, by its person, and with the count if it is required."""

from datetime import timedelta
from typing import Any

import pytest

from bot.app.responses import Outcome
from bot.app.setup import Setup
from bot.models.refusals import Busy
from bot.store import tables
from bot.store.operations.operations import CONFIRM_WITHIN
from tests.kit.bulk import SECOND, Bench, previewed, run_out
from tests.kit.concurrency import at_once
from tests.kit.invariants import broken
from tests.kit.replicas import OMAR, codes, confirm


def confirmed(setup: Setup, action: str, plan: int, **values: Any) -> Outcome:
    """Confirm a plan, and repeat while the answer is that the server is busy.

    Among concurrent transactions, one may lose all of its races.
    """
    for _ in range(20):
        outcome = confirm(setup, action, plan, **values)
        if outcome.refusal is None or outcome.refusal.code != Busy.code:
            return outcome
    raise AssertionError("every attempt was refused as busy")


def test_a_preview_without_a_confirmation_changes_and_records_nothing(bench: Bench) -> None:
    bench.fill(2)
    previewed(bench.setup)
    assert bench.runner().run_once() is False
    assert (len(bench.queue.failed), bench.queue.count(tables.audit)) == (2, 0)


def test_a_plan_can_be_confirmed_only_once(bench: Bench) -> None:
    bench.fill(2)
    preview = previewed(bench.setup)
    first = confirm(bench.setup, "retry-all", preview.plan, key="click")
    again = confirm(bench.setup, "retry-all", preview.plan, key="click")
    assert again.repeated
    while_running = confirm(bench.setup, "retry-all", preview.plan)
    run_out(bench.runner())
    bench.fill(2)
    after = confirm(bench.setup, "retry-all", preview.plan)
    assert codes([first, again, while_running, after]) == ["ok", "ok", *["plan-expired"] * 2]
    run_out(bench.runner())
    assert len(bench.queue.failed) == 2
    assert broken(bench.queue) == []


def test_of_concurrent_confirmations_only_one_starts_the_operation(mariadb_bench: Bench) -> None:
    bench = mariadb_bench
    bench.fill(5)
    preview = previewed(bench.setup)
    ended = at_once(
        *[
            lambda one=setup: confirmed(one, "retry-all", preview.plan)
            for setup in (bench.setup, bench.other) * 2
        ]
    )
    assert sorted(codes(ended)) == ["ok", *["plan-expired"] * 3]
    run_out(bench.runner())
    run_out(bench.runner(setup=bench.other))
    assert len(bench.queue.jobs) == 5
    assert broken(bench.queue) == []


def test_operations_confirmed_at_once_do_not_run_at_the_same_time(mariadb_bench: Bench) -> None:
    bench = mariadb_bench
    bench.fill(5)
    plans = [previewed(bench.setup).plan, previewed(bench.other, by=SECOND).plan]
    ended = at_once(
        lambda: confirmed(bench.setup, "retry-all", plans[0]),
        lambda: confirmed(bench.other, "retry-all", plans[1], by=SECOND),
    )
    assert sorted(codes(ended)) == ["ok", "operation-running"]


@pytest.mark.parametrize(
    ("seconds", "code"), [(-5, "ok"), (5, "plan-expired")], ids=["in time", "too late"]
)
def test_a_plan_can_be_confirmed_for_10_minutes(bench: Bench, seconds: float, code: str) -> None:
    bench.fill(1)
    preview = previewed(bench.setup)
    bench.clock.by += CONFIRM_WITHIN + timedelta(seconds=seconds)
    assert codes([confirm(bench.setup, "retry-all", preview.plan)]) == [code]


def test_a_plan_can_be_confirmed_only_by_its_person_and_for_its_command(bench: Bench) -> None:
    bench.fill(1)
    plan = previewed(bench.setup).plan
    outcomes = [
        confirm(bench.setup, "retry-all", plan, by=SECOND),
        confirm(bench.setup, "clear-failed", plan, typed=1),
        confirm(bench.setup, "retry-all", plan + 1),
        confirm(bench.setup, "retry-all", plan, by=OMAR),
    ]
    assert codes(outcomes) == [*["plan-expired"] * 3, "denied"]
    assert len(bench.queue.failed) == 1


@pytest.mark.parametrize("typed", [None, 0, 1, 3, -2])
def test_clear_failed_requires_the_typed_count(bench: Bench, typed: int | None) -> None:
    bench.fill(2)
    plan = previewed(bench.setup, "clear-failed").plan
    assert codes([confirm(bench.setup, "clear-failed", plan, typed=typed)]) == ["count-mismatch"]
    assert len(bench.queue.failed) == 2
    assert codes([confirm(bench.setup, "clear-failed", plan, typed=2)]) == ["ok"]
