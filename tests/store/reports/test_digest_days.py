"""Which days a digest reports, and how long they are."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.store.reports.digest_days import Days, covered_days
from tests.kit.clock import moment

LIMA = "America/Lima"


@pytest.mark.parametrize(
    ("day", "weekdays", "first", "last"),
    [
        ("2026-03-10", (0, 1, 2, 3, 4), "2026-03-09", "2026-03-09"),
        ("2026-03-09", (0, 1, 2, 3, 4), "2026-03-06", "2026-03-08"),
        ("2026-03-09", (0,), "2026-03-02", "2026-03-08"),
        ("2026-03-12", (0, 3), "2026-03-09", "2026-03-11"),
        ("2026-03-09", (0, 3), "2026-03-05", "2026-03-08"),
        ("2026-03-08", range(7), "2026-03-07", "2026-03-07"),
        ("2026-03-08", (), "2026-03-07", "2026-03-07"),
    ],
)
def test_a_digest_covers_the_days_since_the_digest_before(
    day: str, weekdays: tuple[int, ...], first: str, last: str
) -> None:
    days = covered_days(date.fromisoformat(day), weekdays, ZoneInfo(LIMA))
    assert (days.first, days.last) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("day", "zone", "since", "hours"),
    [
        ("2026-03-28", "Europe/Madrid", "2026-03-27 23:00", 24),
        ("2026-03-29", "Europe/Madrid", "2026-03-28 23:00", 23),
        ("2026-10-25", "Europe/Madrid", "2026-10-24 22:00", 25),
        ("2026-03-09", "America/Lima", "2026-03-09 05:00", 24),
        # The clocks change at midnight here, so the day starts at one.
        ("2026-09-06", "America/Santiago", "2026-09-06 04:00", 23),
        ("2026-04-04", "America/Santiago", "2026-04-04 03:00", 25),
        ("2026-10-04", "Australia/Lord_Howe", "2026-10-03 13:30", 23.5),
    ],
)
def test_a_day_begins_and_ends_at_midnight_of_the_local_clock(
    day: str, zone: str, since: str, hours: float
) -> None:
    days = Days(date.fromisoformat(day), date.fromisoformat(day), ZoneInfo(zone))
    assert days.since == moment(since)
    assert days.until - days.since == timedelta(hours=hours)
    assert days.week_before.last == days.last - timedelta(days=7)
