"""Count the failures of a scope that belong to cancelled or unfinished batches of the framework."""

from sqlalchemy import ColumnElement, Connection, func, select

from bot.database.transactions import TooSlow, bounded_until, time_limit
from bot.models.actions import CountsAs
from bot.models.job_batches import BATCH, ScopeBatches
from bot.queue.layouts import Queue
from bot.queue.layouts.job_batches import cancelled_ids, unfinished_ids
from bot.store.failures import subjects
from bot.store.tables import failures

SECONDS = 0.3


def count(
    connection: Connection,
    queue: Queue,
    within: ColumnElement[bool],
    counts_as: CountsAs | None,
    seconds: float = SECONDS,
) -> ScopeBatches | None:
    """Return the counts for a retry or a deletion; None if the bot reads no batches."""
    if queue.batches is None or counts_as not in ("retried", "deleted"):
        return None
    is_retry = counts_as == "retried"
    ids = cancelled_ids(queue.batches) if is_retry else unfinished_ids(queue.batches)
    name = "cancelled" if is_retry else "unfinished"
    until = time_limit(connection, seconds)
    try:
        values = bounded_until(connection, ids, until).scalars().all()
        if not values:
            return ScopeBatches()
        which = subjects.has_value(BATCH, values)
        counted = select(func.count()).select_from(failures).where(within, which)
        return ScopeBatches(**{name: bounded_until(connection, counted, until).scalar_one()})
    except TooSlow:
        return ScopeBatches(**{name: None})
