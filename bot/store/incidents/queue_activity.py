"""What happened while something that is watched was beyond its limit: failed here, processed there.

Both come from the samples: what failed is known of each queue, what was processed of all of them
together. Of a time in which the bot did not watch throughout nothing is known.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select

from bot.models.incidents import Incident
from bot.models.metrics import QueueMetrics as Seen
from bot.store.incidents import known_queues
from bot.store.incidents.retry_activity import UNKNOWN, Figures
from bot.store.metrics import rollups, samples
from bot.store.metrics.rollups import ALL, MINUTE
from bot.store.tables import metric_deltas
from bot.store.tables import rollups as kept


class _Sums(NamedTuple):
    """From a minute on: seconds watched, jobs processed in all queues, failures of one queue."""

    seconds: int
    processed: int | None
    failed: int | None


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What is known of the time; with `sole_queue` what was processed is the queue's own."""

    figures: Figures
    sole_queue: bool | None


def baseline(connection: Connection, queue: str | None, now: datetime) -> str:
    """What the minute of the trigger holds already, as JSON: what comes later is more than it."""
    return json.dumps(_sums(connection, queue, now, now))


def since(
    connection: Connection, incident: Incident, recovered_at: datetime, now: datetime
) -> Meanwhile:
    """What happened since the incident was triggered, whose rule recovered at `recovered_at`."""
    last = samples.latest(connection)
    if incident.baseline is None or last is None or last.taken_at < recovered_at:
        return Meanwhile(UNKNOWN, None)
    first = _Sums(*json.loads(incident.baseline))
    sums = _sums(connection, incident.queue, incident.triggered_at, now)
    watched = (last.taken_at - incident.triggered_at).total_seconds()
    # Seconds are counted from one sample to the next, so that a gap makes them fewer.
    if sums.seconds - first.seconds < int(watched):
        return Meanwhile(UNKNOWN, None)
    processed = _more(sums.processed, first.processed)
    sole_queue = _is_sole_queue(connection, incident.queue, incident.triggered_at)
    return Meanwhile(Figures(processed, _more(sums.failed, first.failed)), sole_queue)


def _more(count: int | None, first: int | None) -> int | None:
    """Never below 0: a sample may see a job's failure before its row is gone."""
    return None if count is None else max(0, count - (first or 0))


def _sums(connection: Connection, queue: str | None, since: datetime, now: datetime) -> _Sums:
    """From the minute of `since` to now."""
    minute = since.replace(second=0, microsecond=0)
    name = queue or ALL
    whole, failed = Seen(), _not_sampled(connection, queue)
    # One without a name has no row of its own.
    is_known = queue != ALL
    for rows in rollups.minutes(connection, minute, now, name).values():
        of_all = rows.get(ALL, Seen())
        whole += of_all
        own = rows.get(name)
        # A queue without a row had no failure, unless there were too many queues to keep.
        is_known = is_known and (own is not None or not of_all.left_out)
        failed += 0 if own is None else own.appeared
    return _Sums(whole.seconds, whole.processed, failed if is_known else None)


def _not_sampled(connection: Connection, queue: str | None) -> int:
    """New failures since the last sample."""
    c = metric_deltas.c
    grouped = select(c.queue, func.sum(c.failed)).group_by(c.queue, func.length(c.queue))
    counts = {name: int(count) for name, count in connection.execute(grouped)}
    return sum(counts.values()) if queue is None else counts.get(queue, 0)


def _is_sole_queue(connection: Connection, queue: str | None, since: datetime) -> bool:
    """Whether no other queue has been heard of."""
    minute = since.replace(second=0, microsecond=0)
    c = kept.c
    others = or_(c.queue.not_in({ALL, queue}), c.left_out > 0)
    other = select(c.queue).where(c.span == MINUTE, c.at >= minute, others)
    if connection.execute(other.limit(1)).first() is not None:
        return False
    return known_queues.names(connection) <= {queue}
