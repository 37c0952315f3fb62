"""Error groups as `/queue errors` and `/queue error` show them. No SQL."""

from bot.models.jobs import FailedJob, QueueCount, Value

HOURS = 24
"""Hours in the bar, the current hour included."""
RECENT_MINUTES = 10
"""A group with a newer failure than this, which is still in `failed_jobs`, is still failing."""
RECENT_AT_MOST = 100
"""The highest count of recent failures."""


class ErrorGroup(Value):
    """One error group, known as `E12`.

    `failed` counts its rows that are in `failed_jobs` now. `appeared` counts all of its failures,
    retried or not, since the start of the answer's window, or else within the hours of the bar.
    `hours` are the bar's counts, oldest first; the last hour has not ended. `recent` counts the
    failures of the last minutes, at most `RECENT_AT_MOST`; `still_failing`: one of them is still in
    `failed_jobs`. Times are the queue's wall clock. `orders` are those of the newest failures.
    """

    error: str
    name: str
    failed: int
    appeared: int
    recent: int
    still_failing: bool
    first_at: str | None
    last_at: str | None
    queues: tuple[QueueCount, ...]
    orders: tuple[str, ...]
    hours: tuple[int, ...]


class ErrorGroups(Value):
    """Error groups, most failed jobs first; `count` and `failed` are totals of all groups.

    With `since`, only jobs that failed from that moment on are counted.
    """

    errors: tuple[ErrorGroup, ...]
    count: int
    failed: int
    since: str | None
    timestamp: str


class ErrorsListed(Value):
    """Data for the buttons, and whether failures from before the first start are being indexed.

    `whole`: the person typed a limit, so all of its groups are shown. `asked` is the beginning of
    the period that the person asked for, by the queue's wall clock; the answer's `since` may be
    earlier, because failures are counted by the hour.
    """

    arguments: dict[str, str | int]
    after: int
    indexing: bool
    whole: bool = False
    asked: str | None = None


class ErrorDetail(Value):
    """One error group; `exception` is the masked text of its newest failure in `failed_jobs`."""

    group: ErrorGroup
    exception: str | None
    failed_jobs: tuple[FailedJob, ...]


class ErrorDetailListed(Value):
    """The row digests of the failures, by id."""

    row_digests: dict[int, str]
