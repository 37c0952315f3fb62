"""The days of a digest, and their start and end in a time zone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.wall_clock import to_utc

DAY = timedelta(days=1)
WEEK = timedelta(days=7)

_FIRST = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Days:
    """A range of calendar days, including the last day."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        """The start of the first day, naive UTC."""
        return _beginning(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """The end of the last day, naive UTC; a day has 23 or 25 hours if the clocks changed."""
        return _beginning(self.last + DAY, self.zone)

    @property
    def hours(self) -> range:
        """The wall clock hours of the days, as hours since 1970, as in `failure_counts`."""
        return range((self.first - _FIRST).days * 24, (self.last + DAY - _FIRST).days * 24)

    @property
    def week_before(self) -> "Days":
        """The range of days one week earlier."""
        return Days(self.first - WEEK, self.last - WEEK, self.zone)


def _beginning(day: date, zone: ZoneInfo) -> datetime:
    """Return the day's midnight, or the time of the clock change if there is no midnight."""
    return to_utc(datetime.combine(day, time()), zone)


def covered_days(day: date, weekdays: Collection[int], zone: ZoneInfo) -> Days:
    """Return the days in this day's digest: from the day of the previous digest until yesterday.

    `weekdays` are the days with a digest; Monday is 0. So each day is in exactly one digest. With
    digests from Monday to Friday, Monday's digest covers Friday, Saturday and Sunday.
    """
    back = next((n for n in range(1, 8) if (day - n * DAY).weekday() in weekdays), 1)
    return Days(day - back * DAY, day - DAY, zone)
