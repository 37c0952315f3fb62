"""The content of App Home, as values. No SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.models.error_groups import ErrorGroups
from bot.models.health import Health
from bot.models.jobs import FailedJobList, Value
from bot.models.metrics import Day
from bot.models.operations import Freeze, Progress
from bot.models.queue_jobs import QueueJobs


class HomeIncident(Value):
    """An active incident; `group` is the error group's name, times are naive UTC.

    `since` is the time of its first failure, or when its metric rule triggered it.

    `count` is the number of its failures, and `left` of them are still failed jobs. `value` is the
    metric in seconds or jobs; it is None for an incident about failures.
    """

    id: int
    rule: str
    queue: str | None
    error: str | None
    group: str | None
    since: datetime
    count: int
    left: int
    value: int | None
    peak: int
    facts: Mapping[str, Any]
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    assigned_by: str | None = None


class Counts(Value):
    """The row counts of both tables."""

    queues: tuple[QueueJobs, ...]
    failed: int


class HomeData(Value):
    """The dashboard; a part that could not be read in time is None.

    `as_of` is when the counts were exact (naive UTC); None: now. `incident_count` and
    `errors.count` are totals; only the first entries are listed. `day` covers the last 24 hours.
    """

    health: Health
    counts: Counts | None
    as_of: datetime | None
    day: Day | None
    freeze: Freeze | None
    at_work: tuple[Progress, ...]
    incidents: tuple[HomeIncident, ...]
    incident_count: int
    errors: ErrorGroups | None
    indexing: bool
    failed: FailedJobList | None
    row_digests: dict[int, str]
