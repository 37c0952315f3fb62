"""Samples agree with a count by hand on both kinds of database, and gaps stay gaps."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from bot.app.setup import Setup
from bot.background import metrics
from bot.background.failures import index_once
from bot.database.transactions import reading
from bot.models.metrics import QueueMetrics, total
from bot.store.leases import LeaseLost
from bot.store.metrics import rollups, samples
from bot.store.metrics.rollups import ALL, MINUTE
from bot.store.tables import metric_deltas
from bot.store.tables import rollups as kept
from bot.store.tables import samples as sample_rows
from bot.wall_clock import unix
from tests.kit.bulk import carried_out
from tests.kit.clock import SetClock
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, hold, make_setup
from tests.kit.worker import Worker

START = datetime(2026, 3, 10, 9, 0, 0)  # noqa: DTZ001 naive UTC, as in the bot
QUEUES = ("netsuite", "mail", "shipping")


@dataclass
class Hand:
    """A queue with workers, and a count by hand of processed and failed jobs."""

    queue: TestQueue
    setup: Setup
    clock: SetClock
    dice: random.Random = field(default_factory=lambda: random.Random(5))
    processed: int = 0
    failed: int = 0

    def look(self, seconds: float = 10, *, indexed: bool = True) -> None:
        """Advance the clock, index failed jobs, and take a sample."""
        self.clock.move(seconds=seconds)
        self.index()
        metrics.sample_once(self.setup, hold(self.setup), indexed=indexed)

    def index(self) -> None:
        """Index failed jobs, as the bot does before it posts about them."""
        while index_once(self.setup, hold(self.setup)):
            continue

    def begin(self) -> None:
        """Take two samples, so that later ones have a known start."""
        self.look()
        self.look()

    def arrive(self, jobs: int = 1) -> None:
        """Insert jobs, one or several in one statement."""
        row = {"payload": "{}", "attempts": 0, "available_at": 0, "created_at": 0}
        rows = [{**row, "queue": self.dice.choice(QUEUES)} for _ in range(jobs)]
        with self.queue.engine.begin() as connection:
            connection.execute(insert(self.queue.queue.jobs).values(rows))

    def work(self) -> None:
        """Let a worker process a job."""
        if jobs := self.queue.jobs:
            Worker(self.queue).end(self.dice.choice(jobs).id)
            self.processed += 1

    def fail(self) -> None:
        """Let a worker fail a job."""
        if jobs := self.queue.jobs:
            Worker(self.queue).fail(self.dice.choice(jobs).id)
            self.failed += 1

    def take(self) -> None:
        """Let a worker reserve a job."""
        if jobs := self.queue.jobs:
            Worker(self.queue).take(self.dice.choice(jobs).id)

    def delete(self) -> None:
        """Delete a job, as a person."""
        if jobs := self.queue.jobs:
            self._say(f"delete {self.dice.choice(jobs).id}")

    def retry(self) -> None:
        """Retry failed jobs by their ids, as a person."""
        self.index()
        if gone := self.queue.failed:
            ids = self.dice.sample([row.id for row in gone], min(3, len(gone)))
            self._say("retry " + " ".join(map(str, ids)))

    def undo(self) -> None:
        """Undo the last change by ids, as a person; without effect if a worker was first."""
        ask(self.setup, "undo")

    def retry_all(self) -> None:
        """Retry all failed jobs in batches, as a person."""
        if self.queue.failed:
            carried_out(self.setup, "retry-all")

    def undo_all(self) -> None:
        """Retry all failed jobs in batches, and undo it at once."""
        if self.queue.failed:
            carried_out(self.setup, f"undo {carried_out(self.setup, 'retry-all')}")

    def clear(self) -> None:
        """Delete all failed jobs in batches, as a person."""
        if self.queue.failed:
            carried_out(self.setup, "clear-failed")

    def _say(self, words: str) -> None:
        assert ask(self.setup, words).refusal is None, words

    @property
    def whole(self) -> QueueMetrics:
        """The total of all samples."""
        with reading(self.queue.engine) as connection:
            points = rollups.series(connection, self.clock.at, timedelta(days=1))
        metrics = total(points)
        assert metrics is not None
        return metrics


@pytest.fixture
def hand(queue: TestQueue) -> Hand:
    """An empty queue on each kind of database."""
    clock = SetClock(START)
    return Hand(queue, make_setup(queue, clock=clock), clock)


def rows(queue: TestQueue, span: str, name: str = ALL) -> list[Any]:
    """Return the metric rows of a span, for one queue."""
    return [row for row in queue.rows(kept) if (row.span, row.queue) == (span, name)]


@pytest.mark.parametrize("seed", range(4))
def test_samples_equal_the_counts_of_the_test(hand: Hand, seed: int) -> None:
    hand.dice = random.Random(seed)
    hand.begin()
    ways = [lambda: hand.arrive(hand.dice.randint(1, 4))] * 6 + [hand.work] * 4 + [hand.fail] * 4
    ways += [hand.take, hand.delete, hand.retry, hand.undo]
    ways += [hand.retry_all, hand.undo_all, hand.clear]
    for _ in range(50):
        hand.dice.choice(ways)()
        if hand.dice.random() < 0.4:
            hand.look()
    hand.look()

    sampled = hand.whole
    assert hand.processed > 0 < hand.failed
    assert (sampled.processed, sampled.appeared) == (hand.processed, hand.failed)
    assert (sampled.failed or 0) >= len(hand.queue.failed)
    assert hand.queue.rows(metric_deltas) == []


def test_new_failures_are_counted_by_queue(hand: Hand) -> None:
    hand.begin()
    for name in ("mail", "mail", "netsuite"):
        Worker(hand.queue).fail(hand.queue.push(queue=name))
    hand.look()
    (mail,) = rows(hand.queue, MINUTE, "mail")
    (netsuite,) = rows(hand.queue, MINUTE, "netsuite")
    assert (mail.appeared, mail.failed, mail.processed) == (2, 2, None)
    assert (netsuite.appeared, netsuite.failed) == (1, 1)


def test_queue_names_that_are_equal_for_the_server_share_one_row_of_metrics(hand: Hand) -> None:
    hand.begin()
    for name in ("mail", "mail ", " "):
        Worker(hand.queue).fail(hand.queue.push(queue=name))
    hand.look()
    (mail,) = rows(hand.queue, MINUTE, "mail")
    assert (mail.appeared, mail.failed) == (2, 2)
    (whole,) = rows(hand.queue, MINUTE)
    assert (whole.appeared, whole.failed) == (3, 3)


def test_a_delayed_job_counts_as_delayed_and_has_no_age(hand: Hand) -> None:
    now = unix(START)
    hand.queue.push(queue="mail", created_at=now - 5_000, available_at=now + 5_000)
    hand.queue.push(queue="mail", created_at=now - 4_000, available_at=now - 100)
    hand.queue.push(queue="netsuite", created_at=now - 70, available_at=now - 70)
    hand.queue.push(created_at=now - 9_000, available_at=now - 9_000, reserved_at=now)
    hand.look()
    (mail,) = rows(hand.queue, MINUTE, "mail")
    (whole,) = rows(hand.queue, MINUTE)
    assert (mail.pending, mail.delayed, mail.oldest_seconds) == (2, 1, 110)
    assert (whole.pending, whole.reserved, whole.oldest_seconds) == (3, 1, 110)


def test_a_minute_has_the_highest_count_of_jobs_and_the_sum_of_processed_jobs(hand: Hand) -> None:
    hand.begin()
    hand.arrive(5)
    hand.look()
    for _ in range(3):
        hand.work()
    hand.look()
    (minute,) = rows(hand.queue, MINUTE)
    assert (minute.pending, minute.processed, minute.looks, minute.seconds) == (5, 3, 4, 30)


def test_failures_before_the_first_start_are_no_new_failures(hand: Hand) -> None:
    for _ in range(5):
        hand.queue.fail()
    hand.index()
    assert hand.queue.rows(metric_deltas) == []
    hand.begin()
    hand.look()
    assert (hand.whole.appeared, hand.whole.processed, hand.whole.failed) == (0, 0, 5)


def test_events_of_a_time_without_monitoring_are_in_no_metric(hand: Hand) -> None:
    hand.begin()
    hand.arrive(40)
    for _ in range(30):
        hand.work()
    for _ in range(5):
        hand.fail()
    hand.look(3 * 3_600, indexed=False)
    hand.look()
    hand.look()

    with reading(hand.queue.engine) as connection:
        points = rollups.series(connection, hand.clock.at, timedelta(hours=4))
    assert [point.figures is not None for point in points] == [True, False, False, True]
    assert (hand.whole.processed, hand.whole.appeared) == (0, 0)
    assert hand.whole.seconds == 20
    assert hand.whole.failed == 5


def test_a_bot_restarted_within_a_minute_continues_its_last_sample(hand: Hand) -> None:
    hand.begin()
    hand.arrive(4)
    hand.work()
    hand.fail()
    # The other replica has not indexed all failed jobs at its first sample.
    hand.look(45, indexed=False)
    assert (hand.whole.processed, hand.whole.appeared, hand.whole.seconds) == (1, 1, 55)


@pytest.fixture
def reset_after(hand: Hand) -> Iterator[Hand]:
    """A queue whose job id counter is reset at the end, because later tests use its database."""
    yield hand
    if hand.queue.engine.dialect.name != "sqlite":
        with hand.queue.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {hand.queue.queue.jobs.name}"))


@pytest.mark.each_database
@pytest.mark.parametrize("counter_of", ["lower", "far higher"])
def test_processed_is_unknown_if_the_id_counter_jumps(reset_after: Hand, counter_of: str) -> None:
    hand = reset_after
    hand.begin()
    hand.arrive(9)
    hand.look()
    name = hand.queue.queue.jobs.name
    with hand.queue.engine.begin() as connection:
        on_sqlite = connection.dialect.name == "sqlite"
        if counter_of == "lower":
            connection.execute(text(f"{'DELETE FROM' if on_sqlite else 'TRUNCATE'} {name}"))
        value = 1 if counter_of == "lower" else 10**9
        connection.execute(
            text(f"UPDATE sqlite_sequence SET seq = {value} WHERE name = '{name}'")
            if on_sqlite
            else text(f"ALTER TABLE {name} AUTO_INCREMENT = {value}")
        )
    hand.look()
    assert hand.whole.processed is None
    hand.clock.move(hours=1)
    hand.begin()
    hand.arrive(2)
    hand.work()
    hand.look()
    with reading(hand.queue.engine) as connection:
        (point,) = rollups.series(connection, hand.clock.at, timedelta(hours=1))
    assert point.figures is not None
    assert point.figures.processed == 1


def test_a_replica_paused_past_its_lease_writes_nothing(hand: Hand) -> None:
    hand.begin()
    before = hand.queue.rows(kept), hand.queue.rows(sample_rows)
    lease = hold(hand.setup)
    hand.clock.move(minutes=1)
    hold(replace(hand.setup, replica="b"))
    with pytest.raises(LeaseLost):
        metrics.sample_once(hand.setup, lease, indexed=True)
    with pytest.raises(LeaseLost):
        metrics.roll_once(hand.setup, lease)
    assert (hand.queue.rows(kept), hand.queue.rows(sample_rows)) == before


def test_a_sample_that_is_rolled_back_consumes_no_deltas(hand: Hand) -> None:
    hand.begin()
    hand.arrive(3)
    hand.fail()
    hand.work()
    index_once(hand.setup, hold(hand.setup))
    hand.clock.move(seconds=5)
    with hand.queue.engine.connect() as raw:
        connection = raw.execution_options(changes=True)
        with connection.begin() as transaction:
            sample = samples.latest(connection)
            assert sample is not None
            metrics.keep(connection, replace(sample, taken_at=hand.clock.at), None)
            transaction.rollback()
    hand.look()
    assert (hand.whole.processed, hand.whole.appeared, hand.whole.seconds) == (1, 1, 25)
