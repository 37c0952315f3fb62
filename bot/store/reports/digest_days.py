"""Which days a digest tells of, and when they begin and end: by the calendar of a time zone."""

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
    """Some days of a calendar, the last one included."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        """When the first one began, naive UTC."""
        return _beginning(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """When the last one ended, naive UTC; the days had 23 or 25 hours where clocks changed."""
        return _beginning(self.last + DAY, self.zone)

    @property
    def hours(self) -> range:
        """Their hours on the wall, numbered from 1970, as failures are counted under."""
        return range((self.first - _FIRST).days * 24, (self.last + DAY - _FIRST).days * 24)

    @property
    def week_before(self) -> "Days":
        """The same days of the week before."""
        return Days(self.first - WEEK, self.last - WEEK, self.zone)


def _beginning(day: date, zone: ZoneInfo) -> datetime:
    """Midnight; where clocks are put forward at midnight, the day begins with that moment."""
    return to_utc(datetime.combine(day, time()), zone)


def covered_days(day: date, weekdays: Collection[int], zone: ZoneInfo) -> Days:
    """The days that a digest of this day tells of: those since the digest before, until yesterday.

    `weekdays` are those with a digest, numbers from Monday, 0. So each day is told once, and one
    from Monday to Friday tells on Monday of Friday, Saturday and Sunday.
    """
    back = next((n for n in range(1, 8) if (day - n * DAY).weekday() in weekdays), 1)
    return Days(day - back * DAY, day - DAY, zone)
