"""The database time of a watcher's pass is measured, stored and reported."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from bot.background.database_load import HOUR, MINUTE, WARN_EVERY, Costs, Load
from bot.database.time_limits import limited
from bot.models.health import MOST_MS
from bot.store.leases import LeaseLost
from bot.store.tables import watcher_load
from tests.crash.mutants import replaced
from tests.kit.clock import Clock, Seconds
from tests.kit.concurrency import until
from tests.kit.posting import running_watcher
from tests.kit.queues import TestQueue
from tests.kit.replicas import hold, make_setup
from tests.services.programs import is_mysql

pytestmark = pytest.mark.each_database


def test_the_slowest_pass_of_the_last_hour_expires_after_an_hour() -> None:
    costs = Costs()
    for minute in range(90):
        costs.note(500 if minute == 10 else 40 if minute == 50 else 10, minute * MINUTE)
    at = 60 * MINUTE
    assert costs.worst(at) == (at - 10 * MINUTE, 500)
    assert costs.worst(10 * MINUTE + HOUR) == (20 * MINUTE, 40)
    assert costs.worst(50 * MINUTE + HOUR) == (21 * MINUTE, 10)
    assert costs.worst(89 * MINUTE + HOUR) is None


def test_the_recent_figure_is_the_slowest_pass_since_it_was_last_read() -> None:
    costs = Costs()
    assert costs.recent() is None
    for milliseconds in (3, 90, 2):
        costs.note(milliseconds, 0.0)
    assert costs.recent() == 90
    assert costs.recent() is None
    costs.note(0, 1.0)
    assert costs.recent() == 0


def run(queue: TestQueue, *statements: str) -> None:
    """Run each statement in its own transaction."""
    for statement in statements:
        with queue.engine.begin() as connection:
            connection.execute(text(statement))


@dataclass(frozen=True)
class Cost:
    """The stored database time of a pass, and the most it can have been, in ms.

    Any statement may take long on a busy machine, so the limit is measured: the time of the
    pass without the work beside its statements.
    """

    kept: int
    most: int


def cost(queue: TestQueue, *statements: str, beside: Callable[[], object] = bool) -> Cost:
    """Measure a pass of these statements and then of `beside`; return its cost."""
    setup = make_setup(queue)
    measuring = Load(setup)
    with measuring.measured():
        began = perf_counter()
        run(queue, *statements)
        ran = perf_counter()
        beside()
    assert measuring.keep(hold(setup))
    (row,) = queue.rows(watcher_load)
    assert row.pass_ms == row.worst_ms
    return Cost(row.pass_ms, round((ran - began) * 1_000))


def test_only_the_time_of_statements_is_measured(
    mariadb_queue: TestQueue,
) -> None:
    slow = cost(mariadb_queue, "SELECT SLEEP(0.15)", "SELECT SLEEP(0.1)")
    quick = cost(mariadb_queue, "SELECT 1", beside=lambda: threading.Event().wait(0.3))
    assert 250 <= slow.kept <= slow.most
    assert quick.kept <= quick.most


def test_statements_of_other_threads_are_not_measured(mariadb_queue: TestQueue) -> None:
    def elsewhere() -> None:
        thread = threading.Thread(target=run, args=(mariadb_queue, "SELECT SLEEP(0.3)"))
        thread.start()
        thread.join()

    load = cost(mariadb_queue, "SELECT 1", beside=elsewhere)
    assert load.kept <= load.most


def test_the_time_of_a_failing_statement_is_measured(mariadb_queue: TestQueue) -> None:
    # On MySQL, an interrupted SLEEP is an error only if a row depends on it.
    slow = limited("SELECT id FROM jobs WHERE SLEEP(5)", 0.2, on_mariadb=not is_mysql())

    def fail() -> None:
        with pytest.raises(DBAPIError):
            run(mariadb_queue, slow)

    mariadb_queue.push(1)
    assert cost(mariadb_queue, "SELECT 1", beside=fail).kept >= 200


def test_the_time_of_a_commit_is_measured(queue: TestQueue) -> None:
    setup = make_setup(queue)
    measuring = Load(setup)
    commit = queue.engine.dialect.do_commit

    def slow(connection: Any) -> None:
        threading.Event().wait(0.2)
        commit(connection)

    with replaced((queue.engine.dialect, "do_commit"), by=slow), measuring.measured():
        run(queue, "SELECT 1")
    measuring.keep(hold(setup))
    assert queue.rows(watcher_load)[0].pass_ms >= 200


def test_the_measured_times_are_written_only_under_the_lease(queue: TestQueue) -> None:
    clock = Clock()
    one, other = make_setup(queue, "a", clock=clock), make_setup(queue, "b", clock=clock)
    measuring, lease = Load(one), hold(one)
    with measuring.measured():
        run(queue, "SELECT 1")
    clock.move(minutes=1)
    hold(other)
    with pytest.raises(LeaseLost):
        measuring.keep(lease)
    assert queue.rows(watcher_load)[0].passed_at is None


def test_no_time_is_written_if_no_statement_was_measured(queue: TestQueue) -> None:
    setup = make_setup(queue)
    measuring = Load(setup)
    with measuring.measured():
        pass
    assert not measuring.keep(hold(setup))
    assert queue.rows(watcher_load)[0].passed_at is None


def test_the_slowest_pass_is_stored_with_its_own_time(queue: TestQueue) -> None:
    setup, clock = make_setup(queue), Seconds()
    measuring = Load(setup, clock)
    with measuring.measured():
        run(queue, "SELECT 1")
    clock.now += 20 * MINUTE
    measuring.keep(hold(setup))
    (row,) = queue.rows(watcher_load)
    assert timedelta(minutes=19) < row.passed_at - row.worst_at < timedelta(minutes=21)


def test_a_slow_pass_is_logged_as_a_warning_once_a_minute(mariadb_queue: TestQueue) -> None:
    clock, setup = Seconds(), make_setup(mariadb_queue)

    def passes(measuring: Load, seconds: float) -> list[Any]:
        with capture_logs() as logged, measuring.measured():
            run(mariadb_queue, f"SELECT SLEEP({seconds})")
        slow = [one for one in logged if one["event"] == "watch pass is slow"]
        assert all(one["log_level"] == "warning" for one in slow)
        return slow

    # On a busy machine, a cheap pass may also be slow, but not every one.
    until(lambda: passes(Load(setup, clock), 0.01) == [])
    measuring = Load(setup, clock)
    (warned,) = passes(measuring, 0.25)
    assert warned["database_ms"] > MOST_MS
    assert passes(measuring, 0.25) == []
    clock.now += WARN_EVERY
    assert len(passes(measuring, 0.25)) == 1


def test_a_running_leader_stores_the_measured_times(queue: TestQueue) -> None:
    for _ in range(20):
        queue.fail()
    with running_watcher(make_setup(queue)):
        until(lambda: queue.rows(watcher_load)[0].passed_at is not None)
    (row,) = queue.rows(watcher_load)
    assert row.pass_ms is not None
    assert row.worst_ms >= row.pass_ms
