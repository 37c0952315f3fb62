"""Convert times between naive UTC, unix seconds and the wall clock of a time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def from_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    """Convert a naive UTC time to the wall-clock time of the zone."""
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def to_utc(local_time: datetime, zone: ZoneInfo) -> datetime:
    """Convert a wall-clock time to naive UTC; if the time occurs twice, use the first one."""
    return local_time.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def unix(now: datetime) -> int:
    """Convert a naive UTC time to whole unix seconds."""
    return int(now.replace(tzinfo=UTC).timestamp())


EARLIEST, LATEST = -62_135_596_800, 253_402_300_799
"""The first and the last second of the calendar, in unix seconds."""


def utc_of_unix(seconds: int) -> datetime:
    """Convert unix seconds to naive UTC; use the nearest second of the calendar if out of range."""
    within = min(max(seconds, EARLIEST), LATEST)
    return datetime.fromtimestamp(within, UTC).replace(tzinfo=None)
