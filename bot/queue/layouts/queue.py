"""The queue that the bot works on: its two tables, its time zone, the paths in its payloads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Table

from bot.fingerprint.error_group import short_error
from bot.fingerprint.payload import DEFAULT_ORDER_PATHS, DEFAULT_TIENDA_PATHS
from bot.queue.layouts.spec import (
    FailedJobsTable,
    JobsTable,
    decode_failed_at,
    encode_failed_at,
)

LONGEST_QUEUE = 255
"""The maximum length of a queue's name in the bot's own tables, in characters."""


@dataclass(frozen=True)
class Queue:
    """The two tables, the time zone of `failed_at`, and the paths of the order in payloads.

    `mask` masks the secrets in an exception's text. It runs before the text is cut, because no rule
    recognizes half a secret.
    """

    jobs: Table
    failed: Table
    zone: ZoneInfo = ZoneInfo("UTC")
    order_paths: Sequence[str] = DEFAULT_ORDER_PATHS
    tienda_paths: Sequence[str] = DEFAULT_TIENDA_PATHS
    mask: Callable[[str], str] = str

    @property
    def jobs_layout(self) -> JobsTable:
        """The columns and the states of `jobs`."""
        return JobsTable(self.jobs)

    @property
    def failed_layout(self) -> FailedJobsTable:
        """The columns of `failed_jobs`."""
        return FailedJobsTable(self.failed)

    def short(self, exception: str) -> str:
        """The spec's `exception_short` without secrets; only its line is masked, for speed."""
        lines = exception.strip().splitlines()
        return short_error(self.mask(lines[0])) if lines else short_error("")

    def human(self, seconds: int) -> str:
        """Format unix seconds as `YYYY-MM-DD HH:MM:SS` in the queue's time zone."""
        return datetime.fromtimestamp(seconds, self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def wall_clock(self, utc: datetime) -> datetime:
        """Convert a naive UTC moment to a `failed_at` in the queue's time zone."""
        return encode_failed_at(utc, self.zone)

    def utc(self, failed_at: datetime) -> datetime:
        """Convert a `failed_at` in the queue's time zone to naive UTC."""
        return decode_failed_at(failed_at, self.zone)
