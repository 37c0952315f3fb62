"""A digest's numbers from samples: sums, gaps, the slowest hours; unknown values are not 0."""

from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import insert

from bot.app.setup import Setup
from bot.database.transactions import changing
from bot.models.digest import Backlog, Figure, Waited
from bot.models.metrics import QueueMetrics
from bot.store import tables
from bot.store.metrics import rollups
from tests.kit.yesterday import BEGAN, ENDED, HOUR, read


def sample(
    setup: Setup, at: datetime, metrics: dict[str, QueueMetrics], span: str = "hour"
) -> None:
    """Insert the metrics of an hour (or of `span`), by queue."""
    rows = [
        {
            "span": span,
            "at": at,
            "queue": queue,
            **{name: getattr(one, name) for name in QueueMetrics.__dataclass_fields__},
        }
        for queue, one in metrics.items()
    ]
    changing(setup.engine, monotonic() + 20, lambda c: c.execute(insert(tables.rollups), rows))


def sampled_hours(setup: Setup, hours: int = 24, **each: Any) -> None:
    """Insert complete metrics for the first `hours` hours of yesterday."""
    values = {"processed": 100, "looks": 360, "seconds": 3_600} | each
    for number in range(hours):
        sample(setup, BEGAN + number * HOUR, {rollups.ALL: QueueMetrics(**values)})


def test_processed_is_the_sum_of_the_days_hours(setup: Setup) -> None:
    sampled_hours(setup)
    for outside in (BEGAN - HOUR, ENDED):
        sample(setup, outside, {rollups.ALL: QueueMetrics(processed=7, seconds=3_600)})
    assert read(setup).processed == Figure(count=2_400, before=None, comparable=False)
    assert read(setup).gap_seconds == 0


def test_the_week_before_is_read_from_its_day_and_compared_if_both_days_are_complete(
    setup: Setup,
) -> None:
    sampled_hours(setup)
    last = BEGAN - timedelta(days=7)
    day = QueueMetrics(processed=2_000, seconds=86_400 - 300)
    sample(setup, last, {rollups.ALL: day, "mail": QueueMetrics(processed=5)}, span="day")
    assert read(setup).processed == Figure(count=2_400, before=2_000, before_at_least=True)


def test_a_day_with_a_gap_is_not_compared(setup: Setup) -> None:
    sampled_hours(setup)
    last = BEGAN - timedelta(days=7)
    sample(setup, last, {rollups.ALL: QueueMetrics(processed=2_000, seconds=80_000)}, span="day")
    processed = read(setup).processed
    assert processed == Figure(count=2_400, before=2_000, before_at_least=True, comparable=False)


def test_hours_without_samples_are_a_gap_and_the_known_sum_is_a_minimum(setup: Setup) -> None:
    sampled_hours(setup, hours=21)
    digest = read(setup)
    assert digest.processed == Figure(count=2_100, at_least=True, comparable=False)
    assert digest.gap_seconds == 3 * 3_600


def test_hours_with_unknown_processed_jobs_are_no_gap_and_are_missing_in_the_sum(
    setup: Setup,
) -> None:
    sampled_hours(setup, hours=23)
    sample(setup, ENDED - HOUR, {rollups.ALL: QueueMetrics(processed=None, seconds=3_600)})
    digest = read(setup)
    assert digest.processed == Figure(count=2_300, at_least=True, comparable=False)
    assert digest.gap_seconds == 0


def test_processed_is_unknown_without_any_sample(setup: Setup) -> None:
    digest = read(setup)
    assert digest.processed == Figure(count=None, at_least=True, comparable=False)
    assert (digest.waited, digest.backlog, digest.gap_seconds) == ((), None, 86_400)


def test_the_digest_names_the_hours_with_the_longest_wait_and_the_largest_backlog(
    setup: Setup,
) -> None:
    for number, (mail, stock, pending) in enumerate(
        ((10, None, 1), (900, 20, 50), (300, 2_520, 40), (None, 5, 60), (7, 8, 2))
    ):
        metrics = {
            rollups.ALL: QueueMetrics(pending=pending, oldest_seconds=9_999, seconds=3_600),
            "mail": QueueMetrics(oldest_seconds=mail),
            "stock": QueueMetrics(oldest_seconds=stock),
        }
        sample(setup, BEGAN + number * HOUR, metrics)
    digest = read(setup)
    assert digest.waited == (
        Waited(at=BEGAN + 2 * HOUR, queue="stock", seconds=2_520),
        Waited(at=BEGAN + HOUR, queue="mail", seconds=900),
        Waited(at=BEGAN, queue="mail", seconds=10),
    )
    assert digest.backlog == Backlog(at=BEGAN + 3 * HOUR, pending=60)


def test_minutes_that_are_not_rolled_up_yet_count_too(setup: Setup) -> None:
    sampled_hours(setup, hours=23)
    for minute, (processed, oldest) in enumerate(((1, 60), (2, 120))):
        at = ENDED - HOUR + timedelta(minutes=minute)
        seen = QueueMetrics(processed=processed, seconds=60, looks=6)
        metrics = {rollups.ALL: seen, "mail": QueueMetrics(oldest_seconds=oldest)}
        sample(setup, at, metrics, span="minute")
    digest = read(setup)
    assert digest.processed.count == 2_303
    assert digest.waited == (Waited(at=ENDED - HOUR, queue="mail", seconds=120),)
    assert digest.gap_seconds == 58 * 60
