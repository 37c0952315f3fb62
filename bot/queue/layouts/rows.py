"""Rows of the queue's tables as a layout selects them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from sqlalchemy import RowMapping

from bot.wall_clock import unix


def as_text(value: object) -> str:
    """Return a column's value as text.

    Bytes are decoded with replacement characters, and NULL is an empty text.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def failed_at_text(value: object) -> str:
    """Return a `failed_at` as the API shows it: `YYYY-MM-DD HH:MM:SS`, or the stored text."""
    return as_text(value)[: len("0000-00-00 00:00:00")]


def as_number(value: object) -> int | None:
    """Return a column's value as a whole number, or None if it is not a whole number."""
    try:
        return int(as_text(value))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job with the head of its payload and its row digest; moments are unix seconds.

    A number is None if the column holds NULL or a value that is not a number.
    """

    id: int
    queue: str
    attempts: int | None
    max_attempts: int | None
    reserved_at: int | None
    available_at: int | None
    created_at: int | None
    payload: str
    digest: str

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """Read a row that may have further columns."""
        return cls(
            id=row["id"],
            queue=as_text(row["queue"]),
            attempts=as_number(row["attempts"]),
            max_attempts=as_number(row["max_attempts"]),
            reserved_at=as_number(row["reserved_at"]),
            available_at=as_number(row["available_at"]),
            created_at=as_number(row["created_at"]),
            payload=as_text(row["payload"]),
            digest=row["digest"],
        )

    def state(self, now: datetime) -> Literal["reserved", "delayed", "pending"]:
        """The job's state at a moment (naive UTC)."""
        if self.reserved_at is not None:
            return "reserved"
        return "delayed" if (self.available_at or 0) > unix(now) else "pending"


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A failed job with the heads of its texts and its row digest.

    `failed_at` is a text if it is not a valid time: MySQL allows zero dates, and old tables have
    such dates.
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
        return cls(
            id=row["id"],
            queue=as_text(row["queue"]),
            failed_at=row["failed_at"],
            payload=as_text(row["payload"]),
            exception=as_text(row["exception"]),
            digest=row["digest"],
        )
