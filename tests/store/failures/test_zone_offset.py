"""D6: a filter by time is refused if `failed_at` is in another time zone."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.app.setup import Setup
from bot.background.failures import index_once
from bot.database.transactions import now_of
from bot.models.refusals import TimesOff
from tests.kit.clock import StandingClock
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, codes, hold, make_setup

FILTERS = (
    "clear-failed before=30m",
    "clear-failed older=30m",
    "retry after=2h",
    "retry queue=mail before=2025-11-07",
    "errors since=1h",
)


@dataclass(frozen=True)
class Written:
    """A queue whose workers write a `failed_at` that is some minutes too early."""

    queue: TestQueue
    setup: Setup

    def fail(self, minutes: float) -> int:
        """Insert a job that fails now, with `failed_at` `minutes` too early; return its id."""
        with self.queue.engine.begin() as connection:
            moment = now_of(connection) - timedelta(minutes=minutes)
        return self.queue.fail(queue="mail", failed_at=self.queue.queue.wall_clock(moment))

    def index(self) -> None:
        """Index the failed jobs."""
        while index_once(self.setup, hold(self.setup)):
            pass


@pytest.fixture
def written(queue: TestQueue) -> Written:
    """A queue whose bot has started before the first failure."""
    made = Written(queue, make_setup(queue))
    made.index()
    return made


@pytest.mark.parametrize("minutes", [300, -120, 345, 15])
@pytest.mark.parametrize("command", FILTERS)
def test_one_new_failure_in_another_zone_refuses_commands_with_times(
    written: Written, command: str, minutes: int
) -> None:
    written.fail(minutes)
    written.index()
    refusal = ask(written.setup, command).refusal
    assert isinstance(refusal, TimesOff)
    assert refusal.minutes == minutes
    assert len(written.queue.failed) == 1


def test_a_failure_as_new_as_the_command_proves_another_zone(written: Written) -> None:
    written.fail(300)
    assert codes([ask(written.setup, "clear-failed before=30m")]) == ["times-off"]


@pytest.mark.parametrize("command", FILTERS)
def test_time_filters_work_if_the_zone_is_correct(written: Written, command: str) -> None:
    written.fail(0)
    written.index()
    assert codes([ask(written.setup, command)]) == ["ok"]


def test_commands_without_a_time_work_in_another_zone(written: Written) -> None:
    failed_id = written.fail(300)
    written.index()
    for command in ("errors", "failed", "retry-all", f"retry {failed_id}"):
        assert codes([ask(written.setup, command)]) == ["ok"]


def test_failures_before_the_first_start_do_not_prove_another_zone(queue: TestQueue) -> None:
    old = Written(queue, make_setup(queue))
    old.fail(300)
    old.index()
    assert codes([ask(old.setup, "clear-failed before=30m")]) == ["ok"]


@pytest.mark.parametrize("hours", [5, 26, 72])
@pytest.mark.parametrize("command", ["delete-failed 1-6", "retry 1-6"])
@pytest.mark.parametrize("ids_taken", [False, True])
def test_failures_that_an_undo_restores_late_do_not_prove_another_zone(
    queue: TestQueue, command: str, hours: int, *, ids_taken: bool
) -> None:
    """Under new ids the bot sees them anew, a whole number of quarters after they failed."""
    clock = StandingClock()
    restored = Written(queue, make_setup(queue, clock=clock))
    restored.index()
    for _ in range(6):
        restored.fail(0)
    restored.index()
    assert codes([ask(restored.setup, command)]) == ["ok"]
    clock.move(hours=hours)
    if ids_taken:
        for failed_id in range(1, 7):
            queue.fail(failed_id, queue="other")
    assert codes([ask(restored.setup, "undo")]) == ["ok"]
    with queue.engine.begin() as connection:
        connection.execute(text("DELETE FROM failed_jobs WHERE queue = 'other'"))
    restored.index()
    assert (len(queue.failed), queue.failed[0].id > 6) == (6, ids_taken)
    assert codes([ask(restored.setup, "clear-failed before=30m")]) == ["ok"]
