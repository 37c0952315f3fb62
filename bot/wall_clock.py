"""Naive UTC, in which the bot counts, as unix seconds and as the wall clock of a time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def from_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    """A naive UTC moment as the zone's clocks on the wall show it."""
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def to_utc(shown: datetime, zone: ZoneInfo) -> datetime:
    """What the zone's clocks show as a naive UTC moment; of an hour that comes twice, the first."""
    return shown.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def unix(now: datetime) -> int:
    """A naive UTC moment in whole unix seconds."""
    return int(now.replace(tzinfo=UTC).timestamp())


def utc_of_unix(seconds: int) -> datetime:
    """Unix seconds as naive UTC."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
