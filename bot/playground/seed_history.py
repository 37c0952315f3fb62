"""Metrics of the week before the playground started, so that the chart is not empty.

The metrics agree with the queue's other rows, because they count the failed jobs of `seed`.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from bot.models.metrics import QueueMetrics
from bot.playground.seed import FAILED
from bot.queue.layouts import Queue
from bot.store.incidents import reservations
from bot.store.metrics import rollups

DAYS = 7
_HOUR = timedelta(hours=1)
_SHARES = {"netsuite": 5, "mail": 3, "shipping": 2}
"""The number of each queue's jobs in ten jobs."""
_ORDERS = (
    14,
    9,
    6,
    4,
    4,
    6,
    11,
    22,
    38,
    52,
    61,
    66,
    70,
    64,
    58,
    60,
    63,
    67,
    72,
    69,
    58,
    44,
    31,
    21,
)
"""The number of jobs in each hour of a day (UTC)."""


def seed_history(engine: Engine, now: datetime | None = None) -> None:
    """Insert the past hours if there is no history yet."""
    moment = now or datetime.now(UTC).replace(tzinfo=None)
    this_hour = moment.replace(minute=0, second=0, microsecond=0)
    failed_at = [moment - timedelta(minutes=row.minutes_ago) for row in FAILED]
    with engine.execution_options(changes=True).begin() as connection:
        if rollups.series(connection, moment, timedelta(days=1))[0].figures is not None:
            return
        for ago in range(24 * DAYS, 0, -1):
            hour = this_hour - _HOUR * ago
            rollups.put_hour(connection, hour, _between(hour, hour + _HOUR, failed_at))
        # One sample in the hour's first minute has all past minutes of the current hour.
        rollups.add_sample(connection, this_hour, _between(this_hour, moment, failed_at))


def seed_reservations(engine: Engine, queue: Queue) -> None:
    """Record that the bot saw the stuck job 14 minutes ago, if the tables do not have the time."""
    seen_at = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=14)
    with engine.execution_options(changes=True).begin() as connection:
        reservations.record(connection, queue, "netsuite", seen_at, seconds=5)


def _between(hour: datetime, end: datetime, failed_at: list[datetime]) -> dict[str, QueueMetrics]:
    seconds = (end - hour) // timedelta(seconds=1)
    new = [row for row, at in zip(FAILED, failed_at, strict=True) if hour <= at < end]
    a_whole_hour = _ORDERS[hour.hour] + (hour.day * 7 + hour.hour * 3) % 9
    orders = max(len(new), a_whole_hour * seconds // 3_600)
    failed_total = sum(at < end for at in failed_at)
    whole = QueueMetrics(
        pending=2 + orders // 8,
        reserved=1 + orders // 40,
        failed=failed_total,
        oldest_seconds=20 + orders * 2 + 45 * len(new),
        appeared=len(new),
        processed=orders - len(new),
        looks=max(1, seconds // 10),
        seconds=seconds,
    )
    figures = {rollups.ALL: whole}
    for name, share in _SHARES.items():
        failures = [row for row in new if row.queue == name]
        figures[name] = QueueMetrics(
            pending=1 + whole.pending * share // 10,
            reserved=int(share == max(_SHARES.values())),
            failed=sum(
                at < end for row, at in zip(FAILED, failed_at, strict=True) if row.queue == name
            ),
            oldest_seconds=whole.oldest_seconds,
            appeared=len(failures),
            looks=max(1, seconds // 10),
            seconds=seconds,
        )
    return figures
