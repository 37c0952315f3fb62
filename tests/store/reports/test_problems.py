"""Problems of the background work, as the database alone shows them; and how they end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Table, insert, update

from bot.app.setup import Setup
from bot.background import audit as sealing
from bot.background import metrics
from bot.background.failures import index_once
from bot.database.transactions import now_of
from bot.queue.layouts import Queue
from bot.store import leases, tables
from bot.store.reports.health import health
from bot.store.reports.problems import NEWEST
from tests.kit.broken_tables import without_table
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, hold, make_setup

LONG = 3_600


@dataclass
class LedQueue:
    """A queue that a replica has led for an hour, without waiting work."""

    queue: TestQueue
    setup: Setup
    lease: leases.Lease

    def problems(self, ahead: float = 0.0, layout: Queue | None = None) -> list[str]:
        """Return part and code of each problem in `ahead` seconds, when the replica still leads."""
        with self.queue.engine.begin() as connection:
            now = now_of(connection) + timedelta(seconds=ahead)
            values = {"since": now - timedelta(seconds=LONG), "expires": now + leases.TTL}
            connection.execute(
                update(tables.leases).where(tables.leases.c.name == "watcher").values(values)
            )
            connection.execute(update(tables.watcher_load).values(passed_at=now))
            seen = health(connection, layout or self.queue.queue, now)
        return [f"{problem.part} {problem.code}" for problem in seen.problems]

    def work(self) -> None:
        """Run the leader's steps: index, seal, sample."""
        while index_once(self.setup, self.lease):
            pass
        sealing.seal_once(self.setup, self.lease)
        metrics.sample_once(self.setup, self.lease, indexed=True)

    def fail(self, seconds: float, queue: Queue | None = None) -> int:
        """Insert a job that failed `seconds` ago, by this queue's wall clock; return its id."""
        with self.queue.engine.begin() as connection:
            moment = now_of(connection) - timedelta(seconds=seconds)
        return self.queue.fail(failed_at=(queue or self.queue.queue).wall_clock(moment))


@pytest.fixture
def led(queue: TestQueue) -> LedQueue:
    """A led queue on each kind of database."""
    setup = make_setup(queue)
    made = LedQueue(queue, setup, hold(setup))
    made.work()
    return made


def test_there_is_no_problem_while_every_step_succeeds(led: LedQueue) -> None:
    led.fail(0)
    ask(led.setup, "freeze deploying")
    led.work()
    assert led.problems() == []


def test_a_failed_job_that_is_not_indexed_is_a_problem_after_a_minute(led: LedQueue) -> None:
    led.fail(0)
    led.work()
    id_ = led.fail(30)
    assert led.problems() == []
    assert led.problems(40) == ["failures index-lag"]
    led.work()
    assert led.problems(40) == []
    assert id_


def test_a_failed_job_that_is_not_indexed_is_found_below_indexed_ones(led: LedQueue) -> None:
    ids = [led.fail(200) for _ in range(3)]
    led.work()
    with led.queue.engine.begin() as connection:
        gone = tables.failures.c.failed_id == ids[0]
        connection.execute(tables.failures.delete().where(gone))
    assert led.problems() == ["failures index-lag"]


def test_an_old_failed_job_is_found_below_many_newer_ones_that_are_not_indexed(
    led: LedQueue,
) -> None:
    led.fail(0)
    led.work()
    led.fail(200)
    with led.queue.engine.begin() as connection:
        young = now_of(connection).replace(microsecond=0)
        row = {"queue": "mail", "payload": "{}", "exception": "late", "failed_at": young}
        connection.execute(insert(led.queue.queue.failed), [row] * (NEWEST + 1))
    assert led.problems() == ["failures index-lag"]


def test_a_failed_job_that_is_not_indexed_is_found_after_ids_restart(led: LedQueue) -> None:
    led.fail(200)
    led.work()
    failed = led.queue.queue.failed
    with led.queue.engine.begin() as connection:
        connection.execute(update(tables.failures).values(failed_id=900))
        connection.execute(update(failed).values(id=900))
    led.queue.fail(7, failed_at=datetime(2025, 11, 7, 17, 45, 59))  # noqa: DTZ001 wall clock
    assert led.problems() == ["failures index-lag"]


@pytest.mark.parametrize("zone", ["America/Lima", "Asia/Kathmandu", "Pacific/Auckland"])
def test_a_wrong_time_zone_is_no_index_lag_and_hides_no_index_lag(led: LedQueue, zone: str) -> None:
    there = replace(led.queue.queue, zone=ZoneInfo(zone))
    led.fail(1, there)
    led.work()
    led.fail(1, there)
    assert led.problems() == ["times zone-offset"]
    assert led.problems(90) == ["failures index-lag", "times zone-offset"]


def test_the_zone_counts_as_correct_when_most_of_the_newest_failures_are(led: LedQueue) -> None:
    there = replace(led.queue.queue, zone=ZoneInfo("America/Lima"))
    for _ in range(2):
        led.fail(1, there)
    led.work()
    assert led.problems() == ["times zone-offset"]
    for _ in range(2):
        led.fail(1)
    led.work()
    assert led.problems() == []


def test_failures_indexed_late_by_different_times_are_no_time_zone_problem(led: LedQueue) -> None:
    for seconds in (3_600, 3_000, 2_000, 1_200):
        led.fail(seconds)
    led.work()
    assert led.problems() == []


def test_failures_of_days_ago_are_no_time_zone_problem(led: LedQueue) -> None:
    led.fail(30 * 3_600)
    led.work()
    assert led.problems() == []


def test_a_lag_of_minutes_is_no_time_zone_problem(led: LedQueue) -> None:
    for _ in range(3):
        led.fail(400)
    led.work()
    led.fail(400)
    assert led.problems() == ["failures index-lag"]


def test_an_audit_record_that_is_not_sealed_is_a_problem_after_a_minute(led: LedQueue) -> None:
    ask(led.setup, "freeze deploying")
    assert led.problems() == []
    assert led.problems(70) == ["audit unsealed"]
    led.work()
    assert led.problems(70) == []


def test_an_old_sample_is_a_problem_after_three_periods(led: LedQueue) -> None:
    assert led.problems(170) == []
    assert led.problems(190) == ["metrics sample-old"]
    with led.queue.engine.begin() as connection:
        connection.execute(update(tables.samples).values(took_ms=5_000))
    assert led.problems(290) == []
    assert led.problems(310) == ["metrics sample-old"]


def test_no_sample_at_all_is_a_problem(led: LedQueue) -> None:
    with led.queue.engine.begin() as connection:
        connection.execute(tables.samples.delete())
    assert led.problems() == ["metrics sample-missing"]
    led.work()
    assert led.problems() == []


def test_rounds_that_do_not_end_are_a_problem(queue: TestQueue) -> None:
    def codes(ahead: float) -> list[str]:
        with queue.engine.begin() as connection:
            now = now_of(connection) + timedelta(seconds=ahead)
            values = {"expires": now + leases.TTL}
            connection.execute(update(tables.leases).values(values))
            return [one.code for one in health(connection, queue.queue, now).problems]

    assert codes(0) == ["nobody"]
    hold(make_setup(queue))
    assert codes(50) == []
    assert codes(70) == ["stalled"]


def test_a_replica_that_has_just_started_has_no_problem(queue: TestQueue) -> None:
    long_ago = datetime(2025, 11, 7, 17, 45, 59)  # noqa: DTZ001 naive UTC
    setup = make_setup(queue)
    LedQueue(queue, setup, hold(setup)).work()
    queue.fail(failed_at=long_ago)
    ask(setup, "freeze deploying")
    with queue.engine.begin() as connection:
        connection.execute(update(tables.samples).values(taken_at=long_ago))
        connection.execute(update(tables.audit).values(at=long_ago))
        assert health(connection, queue.queue, now_of(connection)).is_good


def _break_index(led: LedQueue) -> Table:
    led.fail(200)
    return tables.failures


BROKEN: dict[str, Callable[[LedQueue], Table]] = {
    "watcher unseen": lambda _: tables.background_steps,
    "failures unseen": _break_index,
    "audit unseen": lambda _: tables.audit_chain,
    "metrics unseen": lambda _: tables.samples,
    "outbox unseen": lambda _: tables.outbox,
}


@pytest.mark.parametrize("expected", BROKEN)
def test_a_part_that_cannot_be_checked_is_a_problem(led: LedQueue, expected: str) -> None:
    table = BROKEN[expected](led)
    # The check of the time zone reads the index, too.
    also = ["times unseen"] if expected == "failures unseen" else []
    with without_table(led.queue, table.name):
        assert led.problems() == sorted([expected, *also])
    led.work()
    assert led.problems() == []


def test_an_unknown_step_of_a_newer_version_is_named(led: LedQueue) -> None:
    with led.queue.engine.begin() as connection:
        row = {"name": "unheard-of", "period_seconds": 5, "failures": 3, "error": "busy"}
        connection.execute(
            insert(tables.background_steps).values(**row, succeeded_at=now_of(connection))
        )
    assert led.problems(14) == []
    assert led.problems(16) == ["watcher step-failing"]
