"""Rollups of minutes to hours and hours to days are bounded; nothing is doubled or lost."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, delete

from bot.models.metrics import Point, QueueMetrics, bucketed, total
from bot.store.metrics import rollups
from bot.store.metrics.rollups import ALL, DAY, HOUR, MINUTE, QUEUES
from bot.store.tables import rollups as kept
from tests.kit.queues import TestQueue

UTC = ZoneInfo("UTC")
MIDNIGHT = datetime(2026, 3, 10)  # noqa: DTZ001 naive UTC
AN_HOUR, A_MINUTE = timedelta(hours=1), timedelta(minutes=1)


def whole(**figures: int) -> dict[str, QueueMetrics]:
    """Return the metrics of all queues for one minute."""
    return {ALL: QueueMetrics(looks=1, seconds=60, **figures)}


def fill(queue: TestQueue, since: datetime, minutes: int, step: int = 10) -> None:
    """Add a sample every `step` minutes: 1 processed, and as many pending as minutes passed."""
    with queue.engine.begin() as connection:
        for minute in range(0, minutes, step):
            figures = {"pending": minute, "processed": 1, "appeared": 2}
            rollups.add_sample(connection, since + A_MINUTE * minute, whole(**figures))


def roll(queue: TestQueue, now: datetime, zone: ZoneInfo = UTC, times: int = 400) -> int:
    """Roll up until nothing is left, one transaction per step; return the number of steps."""
    for step in range(times):
        with queue.engine.begin() as connection:
            if not rollups.roll_hour(connection, now) and not rollups.roll_day(
                connection, now, zone
            ):
                return step
    raise AssertionError("the work did not end in time")


def moments(queue: TestQueue, span: str) -> list[datetime]:
    """Return the start times of a span's rows."""
    return sorted({row.at for row in queue.rows(kept) if row.span == span})


def processed(queue: TestQueue, span: str) -> int:
    """Return the number of processed jobs in a span's rows, for all queues together."""
    return sum(row.processed for row in queue.rows(kept) if (row.span, row.queue) == (span, ALL))


def test_an_hour_has_the_maxima_and_the_sums_of_its_minutes(queue: TestQueue) -> None:
    fill(queue, MIDNIGHT, 120)
    assert roll(queue, MIDNIGHT + AN_HOUR * 2) == 1
    (hour,) = [row for row in queue.rows(kept) if row.span == HOUR]
    assert (hour.at, hour.pending, hour.processed, hour.appeared) == (MIDNIGHT, 50, 6, 12)
    assert (hour.looks, hour.seconds) == (6, 360)


def test_an_hour_is_not_rolled_up_before_its_last_sample_can_exist(queue: TestQueue) -> None:
    fill(queue, MIDNIGHT, 60)
    late = MIDNIGHT + AN_HOUR + rollups.LATE
    assert roll(queue, late - timedelta(seconds=1)) == 0
    assert roll(queue, late) == 1


def test_rolling_up_twice_or_after_a_crash_changes_nothing(queue: TestQueue) -> None:
    fill(queue, MIDNIGHT, 60 * 24)
    now = MIDNIGHT + timedelta(days=1, hours=2)
    with queue.engine.connect() as connection, connection.begin() as transaction:
        rollups.roll_hour(connection, now)
        transaction.rollback()
    assert moments(queue, HOUR) == []
    assert roll(queue, now) == 25
    assert (processed(queue, HOUR), processed(queue, DAY)) == (144, 144)
    before = queue.rows(kept)
    assert roll(queue, now) == 0
    assert queue.rows(kept) == before


def test_minutes_from_before_a_downtime_of_the_bot_are_rolled_up_later(queue: TestQueue) -> None:
    fill(queue, MIDNIGHT, 90)
    much_later = MIDNIGHT + timedelta(days=5)
    with queue.engine.begin() as connection:
        assert rollups.purge(connection, much_later, UTC) == 0
    fill(queue, much_later, 20)
    roll(queue, much_later + AN_HOUR * 30)
    assert moments(queue, HOUR) == [MIDNIGHT, MIDNIGHT + AN_HOUR, much_later]
    assert moments(queue, DAY) == [MIDNIGHT, much_later]
    assert processed(queue, DAY) == 9 + 2


def test_a_day_follows_the_clocks_of_the_zone_also_at_clock_changes(queue: TestQueue) -> None:
    madrid = ZoneInfo("Europe/Madrid")
    # 2026-03-29 has 23 hours in Madrid.
    begins = datetime(2026, 3, 28, 23)  # noqa: DTZ001 naive UTC
    fill(queue, begins, 60 * 23)
    fill(queue, begins + AN_HOUR * 23, 60)
    roll(queue, begins + AN_HOUR * 26, madrid)
    assert moments(queue, DAY) == [begins]
    assert processed(queue, DAY) == 23 * 6


def test_the_number_of_rows_is_limited_and_no_row_is_purged_before_its_rollup(
    queue: TestQueue,
) -> None:
    names = [f"q{number}" for number in range(30)]
    now = MIDNIGHT
    for _ in range(40):
        with queue.engine.begin() as connection:
            by_queue = {name: QueueMetrics(pending=int(name[1:]), looks=1) for name in names}
            rollups.add_sample(connection, now, {**whole(processed=1), **by_queue})
        now += AN_HOUR
        roll(queue, now)
        purge(queue, now)
    assert len(moments(queue, MINUTE)) <= 27
    assert len(moments(queue, HOUR)) == 39
    rows = [row for row in queue.rows(kept) if row.at == MIDNIGHT + AN_HOUR * 30]
    kept_names = {row.queue for row in rows} - {ALL}
    assert kept_names == {f"q{number}" for number in range(30 - QUEUES, 30)}
    assert {row.left_out for row in rows if row.queue == ALL} == {30 - QUEUES}
    purge(queue, now + timedelta(days=900))
    assert moments(queue, DAY) == []
    # The hours of the unfinished day stay until it ends.
    assert len(moments(queue, HOUR)) == 39 - 24


def purge(queue: TestQueue, now: datetime) -> None:
    """Purge until nothing is left to delete."""
    for _ in range(100):
        with queue.engine.begin() as connection:
            if not rollups.purge(connection, now, UTC):
                return
    raise AssertionError("the work did not end in time")


def test_hours_without_a_row_are_gaps_and_the_running_hour_is_included(queue: TestQueue) -> None:
    fill(queue, MIDNIGHT, 60)
    fill(queue, MIDNIGHT + AN_HOUR * 3, 30)
    now = MIDNIGHT + AN_HOUR * 3 + A_MINUTE * 30
    roll(queue, now)
    points = series(queue, now, AN_HOUR * 5)
    assert [point.at.hour for point in points] == [23, 0, 1, 2, 3]
    known = [None if point.figures is None else point.figures.processed for point in points]
    assert known == [None, 6, None, None, 3]


def series(queue: TestQueue, now: datetime, span: timedelta, name: str = ALL) -> list[Point]:
    """Return the hours up to `now`."""
    with queue.engine.begin() as connection:
        return rollups.series(connection, now, span, name)


def test_a_queue_without_a_row_had_no_jobs_unless_queues_were_left_out(queue: TestQueue) -> None:
    def look(connection: Connection, at: datetime, left_out: int) -> None:
        rollups.add_sample(connection, at, {ALL: QueueMetrics(pending=5, left_out=left_out)})

    with queue.engine.begin() as connection:
        look(connection, MIDNIGHT, 0)
        look(connection, MIDNIGHT + AN_HOUR, 3)
    first, second = series(queue, MIDNIGHT + AN_HOUR, AN_HOUR * 2, "mail")
    assert first.figures == QueueMetrics()
    assert second.figures is None


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (QueueMetrics(processed=1, seconds=9), QueueMetrics(processed=2, seconds=9), 3),
        # A first sample has no metrics yet and does not make the sum unknown.
        (QueueMetrics(processed=1, seconds=9), QueueMetrics(), 1),
        (QueueMetrics(processed=1, seconds=9), QueueMetrics(seconds=9), None),
        (QueueMetrics(seconds=9), QueueMetrics(seconds=9), None),
        (QueueMetrics(), QueueMetrics(), None),
    ],
)
def test_processed_is_unknown_if_a_part_of_it_is_unknown(
    one: QueueMetrics, other: QueueMetrics, both: int | None
) -> None:
    assert (one + other).processed == (other + one).processed == both


def test_a_repeated_hour_of_a_clock_change_is_in_one_point(queue: TestQueue) -> None:
    del queue
    madrid = ZoneInfo("Europe/Madrid")
    # The clocks go back from 3:00 to 2:00 at 01:00 UTC on 2026-10-25.
    begins = datetime(2026, 10, 24, 22)  # noqa: DTZ001 naive UTC
    points = [Point(begins + AN_HOUR * n, AN_HOUR, QueueMetrics(appeared=1)) for n in range(7)]
    parts = bucketed(points, 2, madrid)
    assert [part.length // AN_HOUR for part in parts] == [2, 3, 2]
    assert total(parts) == QueueMetrics(appeared=7)


def test_a_late_sample_is_added_to_its_minute(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        for pending, at in ((3, MIDNIGHT), (9, MIDNIGHT + timedelta(seconds=59))):
            rollups.add_sample(connection, at, whole(pending=pending, processed=1))
        connection.execute(delete(kept).where(kept.c.queue == "none"))
    (minute,) = queue.rows(kept)
    assert (minute.at, minute.pending, minute.processed, minute.looks) == (MIDNIGHT, 9, 2, 2)
