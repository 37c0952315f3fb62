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


def utc_of_unix(seconds: int) -> datetime:
    """Return unix seconds as naive UTC."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
