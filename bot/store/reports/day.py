"""The last 24 hours, for Home and for the chart, so that Home and the chart show equal numbers."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.models.metrics import Day, known, total
from bot.queue.layouts import Queue
from bot.store.failures import error_group_reads, error_group_sums
from bot.store.metrics import rollups, samples
from bot.store.operations.retries import proved

DAY = timedelta(days=1)


def last_day(connection: Connection, queue: Queue, now: datetime, name: str | None = None) -> Day:
    """Return the last 24 hours of one queue or of all queues, including the running hour.

    New failures are counted as in the lists of errors: failures from a time without the bot count.
    """
    points = rollups.series(connection, now, DAY, rollups.ALL if name is None else name)
    window = error_group_sums.window(queue, now, name, None)
    whole, last = total(points), samples.latest(connection)
    processed = None if whole is None else known(whole.processed)
    # Failures that were never in `jobs` lower the count of processed jobs. If the count is below
    # the proved minimum, it is wrong and therefore unknown.
    if processed is not None and last is not None:
        least = proved.processed_between(connection, points[0].at, last.taken_at)
        processed = None if processed < least else processed
    return Day(tuple(points), error_group_reads.by_hour(connection, window), processed)
