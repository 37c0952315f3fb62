"""What `/queue chart` answers with."""

from datetime import datetime
from typing import Literal

from bot.models.jobs import Value

Span = Literal["24h", "7d"]


class ChartPoint(Value):
    """A stretch of time from `at` (naive UTC), `seconds` long; null: not known, or nobody looked.

    Of jobs the highest number that was seen, of failures and processed jobs the sum over
    `watched_seconds`; `oldest_seconds` is null, too, where no job could run.
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
        """Whether nobody looked."""
        return self.pending is None


class Chart(Value):
    """A queue's last 24 hours or 7 days, of all queues where none is named; the oldest first."""

    span: Span
    queue: str | None
    points: tuple[ChartPoint, ...]
