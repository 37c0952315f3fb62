"""The values that App Home shows. This module has no SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.models.error_groups import ErrorGroups
from bot.models.health import Backfill, Health
from bot.models.jobs import FailedJobList
from bot.models.metrics import Day
from bot.models.operations import Freeze, Progress
from bot.models.queue_jobs import QueueJobs
from bot.models.value import Value


class HomeIncident(Value):
    """An active incident. `group` is the error group's name. Times are naive UTC.

    `since` is the time of the incident's first failure, or the time when a metric rule triggered
    the incident. `count` is the number of its failures. `left` is the number of those failures
    that are still in `failed_jobs`. `value` is the metric in seconds or jobs; an incident about
    failures has None.
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
    """The row counts of `jobs` and `failed_jobs`."""

    queues: tuple[QueueJobs, ...]
    failed: int


class HomeData(Value):
    """The dashboard. A part is None if the bot could not read it in time.

    `as_of` is the time of the counts (naive UTC), or None if the counts are current. `estimated`:
    the counts are estimates, because no exact count exists yet.
    `incident_count` and `errors.count` are totals; Home lists only the first incidents and error
    groups. `day` covers the last 24 hours.
    """

    health: Health
    counts: Counts | None
    as_of: datetime | None
    estimated: bool = False
    day: Day | None
    freeze: Freeze | None
    at_work: tuple[Progress, ...]
    incidents: tuple[HomeIncident, ...]
    incident_count: int
    errors: ErrorGroups | None
    indexing: bool
    backfill: Backfill | None = None
    failed: FailedJobList | None
    row_digests: dict[int, str]
