"""Which background steps succeed, and what is stored about those that fail."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from bot.app.setup import Setup
from bot.background.periods import periods
from bot.background.steps import Steps
from bot.database.transactions import now_of
from bot.models.health import PARTS
from bot.models.refusals import Busy
from bot.store import background_steps
from bot.store.leases import Lease, LeaseLost
from bot.store.tables import background_steps as table
from bot.text import LANGUAGES, texts_for
from tests.kit.clock import Seconds
from tests.kit.queues import TestQueue
from tests.kit.replicas import hold, make_setup

pytestmark = pytest.mark.each_database

PERIOD = 10.0


class Bench:
    """A leader with two steps, and a clock that the test moves."""

    def __init__(self, queue: TestQueue) -> None:
        self.queue = queue
        self.seconds = Seconds()
        self.setup: Setup = make_setup(queue)
        self.lease: Lease = hold(self.setup)
        self.steps = Steps({"index": PERIOD, "seal": PERIOD}, self.seconds)
        self.steps.begin()
        self.steps.write(self.setup, self.lease)

    def written(self) -> bool:
        """Store the changed steps, as the loop does; return whether there were any."""
        if not self.steps.is_changed:
            return False
        self.steps.write(self.setup, self.lease)
        return True

    def late(self, ahead: float = 0.0) -> list[tuple[str, int, str | None]]:
        """Return the steps that are late `ahead` seconds from now."""
        with self.queue.engine.begin() as connection:
            now = now_of(connection) + timedelta(seconds=ahead)
            return [
                (step.name, step.failures, step.error)
                for step in background_steps.late(connection, now)
            ]


@pytest.fixture
def bench(queue: TestQueue) -> Bench:
    """A leader on each kind of database."""
    return Bench(queue)


def raising(error: BaseException) -> Callable[[], None]:
    """Return a step that raises this error."""

    def work() -> None:
        raise error

    return work


def fail(bench: Bench, name: str, error: BaseException) -> None:
    """Run the step and let it fail."""
    with pytest.raises(type(error)):
        bench.steps.run(name, raising(error))


def test_no_row_is_written_while_every_step_succeeds(bench: Bench) -> None:
    for _ in range(20):
        bench.seconds.now += PERIOD
        for name in ("index", "seal"):
            bench.steps.run(name, list)
        assert not bench.written()
    assert not bench.queue.rows(table)


def test_a_step_that_fails_is_late_after_three_of_its_periods(bench: Bench) -> None:
    fail(bench, "index", Busy())
    assert bench.written()
    assert bench.late(3 * PERIOD - 1) == []
    assert bench.late(3 * PERIOD + 2) == [("index", 1, "busy")]


def test_a_step_that_succeeds_again_is_no_longer_late(bench: Bench) -> None:
    fail(bench, "index", Busy())
    assert bench.written()
    bench.steps.run("index", list)
    assert bench.written()
    assert bench.late(1_000) == []
    assert not bench.written()


def test_a_failure_between_two_successes_is_no_problem(bench: Bench) -> None:
    for _ in range(10):
        bench.seconds.now += PERIOD
        fail(bench, "index", Busy())
        bench.steps.run("seal", list)
        bench.written()
        assert bench.late() == []
        bench.steps.run("index", list)


def test_a_step_that_no_longer_runs_is_late_although_it_never_failed(bench: Bench) -> None:
    for _ in range(4):
        bench.seconds.now += PERIOD
        bench.steps.run("seal", list)
    assert bench.written()
    assert bench.late() == [("index", 0, None)]


def test_a_step_can_set_the_time_of_its_next_run(bench: Bench) -> None:
    bench.steps.expect("index", 100.0)
    bench.seconds.now += 290
    bench.steps.run("seal", list)
    assert not bench.written()
    bench.seconds.now += 20
    bench.steps.run("seal", list)
    assert bench.written()
    assert bench.late() == [("index", 0, None)]


def test_failures_of_a_step_are_written_once_a_minute_and_keep_their_first_time(
    bench: Bench,
) -> None:
    fail(bench, "index", Busy())
    assert bench.written()
    (first,) = bench.queue.rows(table)
    for _ in range(59):
        bench.seconds.now += 1
        fail(bench, "index", Busy())
        bench.steps.run("seal", list)
        assert not bench.written()
    bench.seconds.now += 1
    assert bench.written()
    (later,) = bench.queue.rows(table)
    assert (later.failures, later.succeeded_at) == (60, first.succeeded_at)


def test_a_lost_lease_is_no_failure_of_a_step(bench: Bench) -> None:
    fail(bench, "index", LeaseLost())
    assert not bench.written()


def test_a_new_leader_deletes_the_step_failures_of_the_last_leader(bench: Bench) -> None:
    other = Steps({"index": PERIOD, "seal": PERIOD}, bench.seconds)
    with pytest.raises(Busy):
        other.run("index", raising(Busy()))
    other.write(bench.setup, bench.lease)
    assert not bench.written()
    bench.steps.begin()
    assert bench.written()
    assert not bench.queue.rows(table)


def test_an_error_is_stored_as_its_code_without_its_message(bench: Bench) -> None:
    def work() -> None:
        with bench.queue.engine.begin() as connection:
            connection.execute(text("SELECT nothing FROM here WHERE x = 'geheim'"))

    with pytest.raises(Exception, match="geheim"):
        bench.steps.run("index", work)
    assert bench.written()
    (row,) = bench.queue.rows(table)
    assert row.error in ("ProgrammingError 1146", "OperationalError SQLITE_ERROR")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_of_the_loop_has_a_part_and_texts(language: str) -> None:
    texts = texts_for(language, "en", ZoneInfo("UTC"))
    assert periods(5.0).keys() == PARTS.keys()
    for name, part in PARTS.items():
        assert texts.has(f"background-step-{name}")
        assert texts.has(f"background-part-{part}")
        assert texts.has(f"background-means-{part}")
