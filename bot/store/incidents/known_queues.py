"""The names of the known queues, read without a scan of `jobs`."""

from sqlalchemy import Connection, false, select, true, union

from bot.queue.layouts import Queue
from bot.store.failures.failure_counts import ALL_HOURS
from bot.store.metrics import samples
from bot.store.tables import failure_counts, probe_states

MOST = 1_000
"""At most this many names are read; a team has about five queues."""


def with_jobs(connection: Connection, queue: Queue, name: str) -> str | None:
    """Return the spelling of the queue's name in `jobs`, or None if the queue has no job now.

    The table `jobs` may ignore case, but the bot's tables do not.
    """
    column = queue.jobs_layout.queue
    spelling = connection.execute(
        select(column).where(queue.jobs_layout.is_in_queue(name)).limit(1)
    ).scalar()
    return None if spelling is None else queue.mask(str(spelling))


def names(connection: Connection) -> set[str]:
    """Return the queues that were ever probed, or counted by a sample, or had a failure."""
    c = failure_counts.c
    failed = select(c.queue).where(c.aggregated == true(), c.hour == ALL_HOURS)
    # The newest rows are not aggregated yet.
    new = select(c.queue).where(c.aggregated == false())
    every = union(select(probe_states.c.queue), failed, new).limit(MOST)
    queues = {str(name) for name in connection.execute(every).scalars()}
    sample = samples.latest(connection)
    counts = () if sample is None else (*sample.status.pending_jobs, *sample.status.reserved_jobs)
    return queues | {count.queue for count in counts}
