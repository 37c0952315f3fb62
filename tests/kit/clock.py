"""Clocks that tests move: some for the bot's time, and one in seconds for everything else."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.database.transactions import now_of
from bot.wall_clock import to_utc


@dataclass
class Clock:
    """The bot's clock in naive UTC: the database's clock plus `by`."""

    by: timedelta = timedelta()

    def __call__(self, connection: Connection) -> datetime:
        """Return the moved time."""
        return self.base(connection) + self.by

    def base(self, connection: Connection) -> datetime:
        """Return the time to which `by` is added."""
        return now_of(connection)

    def move(self, **length: float) -> None:
        """Advance the clock; the arguments are those of `timedelta`."""
        self.by += timedelta(**length)


@dataclass
class StandingClock(Clock):
    """A clock that stops at its first reading of the database's clock; only the test moves it.

    Real time must not count: a busy machine would turn "not yet" into "too late". Each reading is a
    `step` later than the one before, so that later events have later times.
    """

    step: timedelta = timedelta(microseconds=1)
    _first: datetime | None = None
    _readings: Iterator[int] = field(default_factory=count)

    def base(self, connection: Connection) -> datetime:
        """Return the first reading, a step later each time."""
        if self._first is None:
            self._first = now_of(connection)
        return self._first + next(self._readings) * self.step


class SetClock(Clock):
    """A clock that always returns the moment set by the test, whatever the database's clock is."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.start = at

    def base(self, connection: Connection) -> datetime:  # noqa: ARG002 the base's
        """Return the moment that was set."""
        return self.start

    @property
    def at(self) -> datetime:
        """The moment that was set."""
        return self.start + self.by

    @at.setter
    def at(self, moment: datetime) -> None:
        self.start, self.by = moment, timedelta()

    def set(self, text: str, zone: str = "UTC") -> None:
        """Set the clock to `2026-03-29 03:00` in a zone."""
        self.at = moment(text, zone)


@dataclass
class Seconds:
    """A clock in seconds, in place of `time.time` and `monotonic`; only the test moves it."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def moment(text: str, zone: str = "UTC") -> datetime:
    """Return `2026-03-29 03:00` in a zone as naive UTC."""
    return to_utc(datetime.fromisoformat(text), ZoneInfo(zone))
