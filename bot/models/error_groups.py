"""What error groups are shown as: the values of `/queue errors` and `/queue error`. No SQL."""

from bot.models.jobs import FailedJob, QueueCount, Value

HOURS = 24
"""Hours of the bar, the running one included."""
RECENT_MINUTES = 10
"""A group with a failure so short a time ago is still failing."""
RECENT_AT_MOST = 100
"""Recent failures are counted up to this."""


class ErrorGroup(Value):
    """One cause, known as `E12`.

    `failed` are the failed jobs that are there now; `appeared` counts all that failed since the
    beginning of the answer's window, retried or not, else in the hours of the bar. `hours` are
    those of the bar, oldest first, the last one running. `recent` failed within the last minutes,
    at most `RECENT_AT_MOST`. Times are the queue's wall clock. `orders` are of the newest failures.
    """

    error: str
    name: str
    failed: int
    appeared: int
    recent: int
    first_at: str | None
    last_at: str | None
    queues: tuple[QueueCount, ...]
    orders: tuple[str, ...]
    hours: tuple[int, ...]


class ErrorGroups(Value):
    """Groups, the one with the most failed jobs first; `count` and `failed` are of all of them.

    With `since` only jobs that failed from that moment on are counted.
    """

    errors: tuple[ErrorGroup, ...]
    count: int
    failed: int
    since: str | None
    timestamp: str


class ErrorsListed(Value):
    """What the buttons need, and whether failures from before the first start are still read in."""

    arguments: dict[str, str | int]
    after: int
    indexing: bool


class ErrorDetail(Value):
    """One group; `exception` is that of its newest failure that is there, masked."""

    group: ErrorGroup
    exception: str | None
    failed_jobs: tuple[FailedJob, ...]


class ErrorDetailListed(Value):
    """The row digests of the failures, by id."""

    row_digests: dict[int, str]
