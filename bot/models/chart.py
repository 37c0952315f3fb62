"""The answer of `/queue chart`."""

from datetime import datetime
from typing import Literal

from bot.models.value import Value

Span = Literal["24h", "7d"]


class ChartPoint(Value):
    """A period of `seconds` from `at` (naive UTC). A null value is unknown or was not monitored.

    Numbers of jobs are the highest values in the period. Failures and processed jobs are sums
    over `watched_seconds`. `oldest_seconds` is null also if no job was available.
    """

    at: datetime
    seconds: int
    watched_seconds: int
    pending: int | None = None
    reserved: int | None = None
    delayed: int | None = None
    failed: int | None = None
    oldest_seconds: int | None = None
    new_failures: int | None = None
    processed: int | None = None

    @property
    def is_gap(self) -> bool:
        """Whether no check ran in this period."""
        return self.pending is None


class Chart(Value):
    """The last 24 hours or 7 days of one queue, or of all queues; oldest period first.

    `new_failures` and `processed` are the sums of all periods. `processed` is null if a part of
    the sum is unknown.
    """

    span: Span
    queue: str | None
    points: tuple[ChartPoint, ...]
    new_failures: int
    processed: int | None
