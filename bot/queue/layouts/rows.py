"""Rows of the queue's tables as a layout selects them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from sqlalchemy import RowMapping

from bot.wall_clock import unix


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job with the head of its payload and its row digest; moments are unix seconds."""

    id: int
    queue: str
    attempts: int
    max_attempts: int
    reserved_at: int | None
    available_at: int
    created_at: int
    payload: str
    digest: str

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """Read a row that may have further columns."""
        return cls(*(row[name] for name in cls.__slots__))

    def state(self, now: datetime) -> Literal["reserved", "delayed", "pending"]:
        """The job's state at a moment (naive UTC)."""
        if self.reserved_at is not None:
            return "reserved"
        return "delayed" if self.available_at > unix(now) else "pending"


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A failed job with the heads of its texts and its row digest.

    `failed_at` is a text where it is no time: MySQL allows zeros, and old tables have them.
    """

    id: int
    queue: str
    failed_at: Any
    payload: str
    exception: str
    digest: str

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """Read a row that may have further columns."""
        return cls(*(row[name] for name in cls.__slots__))
