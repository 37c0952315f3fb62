"""A clock that stands where a test sets it: for what happens at an hour of a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.wall_clock import to_utc


@dataclass
class SetClock:
    """Naive UTC, whatever the database says."""

    at: datetime

    def __call__(self, connection: Connection) -> datetime:  # noqa: ARG002 the protocol's
        """The moment that was set."""
        return self.at

    def set(self, text: str, zone: str = "UTC") -> None:
        """Set it to `2026-03-29 03:00` on the clocks of a zone."""
        self.at = moment(text, zone)

    def move(self, **length: float) -> None:
        """Let time pass, in the words of `timedelta`."""
        self.at += timedelta(**length)


def moment(text: str, zone: str = "UTC") -> datetime:
    """`2026-03-29 03:00` on the clocks of a zone as naive UTC."""
    return to_utc(datetime.fromisoformat(text), ZoneInfo(zone))
