"""Conversions between naive UTC, unix seconds and the wall clock of a time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def from_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return a naive UTC moment as the zone's wall clock shows it."""
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def to_utc(local_time: datetime, zone: ZoneInfo) -> datetime:
    """Return a wall-clock time as naive UTC; of an hour that occurs twice, the first."""
    return local_time.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def unix(now: datetime) -> int:
    """Return a naive UTC moment in whole unix seconds."""
    return int(now.replace(tzinfo=UTC).timestamp())


EARLIEST, LATEST = -62_135_596_800, 253_402_300_799
"""The first and the last second of the calendar, in unix seconds."""


def utc_of_unix(seconds: int) -> datetime:
    """Return unix seconds as naive UTC; outside the calendar, its nearest second."""
    within = min(max(seconds, EARLIEST), LATEST)
    return datetime.fromtimestamp(within, UTC).replace(tzinfo=None)
