"""A clock that stands between two moves of the test, however long the machine takes meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import Connection

from bot.database.transactions import now_of
from tests.kit.replicas import Ahead


@dataclass
class Standing(Ahead):
    """The database's clock as it was when it was read first; after that only the test moves it.

    Real time must not count: a busy machine would turn "not yet" into "too late". Each reading is a
    microsecond later than the one before, so that what happens later has a later time.
    """

    _first: datetime | None = None
    _readings: Iterator[int] = field(default_factory=count)

    def __call__(self, connection: Connection) -> datetime:
        """The moved time, naive UTC."""
        if self._first is None:
            self._first = now_of(connection)
        return self._first + self.by + timedelta(microseconds=next(self._readings))
