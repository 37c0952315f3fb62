"""Retried jobs that were certainly processed: the minimum for the processed jobs in samples."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.store.operations.retries.outcomes import SETTLED
from bot.store.operations.retries.tracked_jobs import PROCESSED
from bot.store.tables import operations, outcomes, tracked_jobs


def processed_between(connection: Connection, since: datetime, until: datetime) -> int:
    """Return the number of processed jobs of retries that began and ended in this time."""
    t, c, o = tracked_jobs.c, outcomes.c, operations.c
    single = select(func.count()).where(
        t.settled_at <= until,
        t.retried_at >= since,
        t.state == PROCESSED,
        t.operation.is_(None),
    )
    failed = c.failed_again + c.failed_otherwise + c.put_back + c.deleted
    bulk = (
        select(func.sum(o.done - failed))
        .join(outcomes, c.operation == o.id)
        .where(c.state == SETTLED, c.settled_at <= until, o.started_at >= since)
    )
    counts = (connection.execute(query).scalar() for query in (single, bulk))
    return sum(max(0, int(count or 0)) for count in counts)
