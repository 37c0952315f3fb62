"""What App Home shows, as values. No SQL."""

from datetime import datetime

from bot.ledger.error_model import ErrorGroups
from bot.ledger.model import Freeze, Progress
from bot.queue.model import FailedJobList, QueueCount, QueueStatus, Value


class OpenIncident(Value):
    """An incident that is open; `group` is the error group's name, times are naive UTC.

    `count` failures came, and `left` of them are still failed jobs. `value` is the figure of what
    is watched, in seconds or jobs.
    """

    id: int
    kind: str
    queue: str | None
    error: str | None
    group: str | None
    opened_at: datetime
    count: int
    left: int
    value: int | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None


class Waiting(Value):
    """What of the pending jobs waits on purpose, and the oldest of those that could run.

    `oldest_seconds` is since it could run first; None: no job could.
    """

    delayed: tuple[QueueCount, ...]
    oldest_seconds: int | None
    oldest_queue: str | None


class HomeData(Value):
    """The dashboard; a part that could not be read in time is None.

    `as_of` is when the counts were exact (naive UTC), None: now. `incident_count` and `groups` are
    of all, what is listed are the first of them.
    """

    status: QueueStatus | None
    as_of: datetime | None
    waiting: Waiting | None
    freeze: Freeze | None
    at_work: tuple[Progress, ...]
    incidents: tuple[OpenIncident, ...]
    incident_count: int
    errors: ErrorGroups | None
    indexing: bool
    failed: FailedJobList | None
    row_digests: dict[int, str]
