"""Failed and processed jobs during the incident of a metric rule.

The samples count failures for each queue, but processed jobs only for all queues together. If the
bot did not monitor the whole time, the failures and the processed jobs are unknown.
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
from bot.store.operations.retries import proved
from bot.store.tables import metric_deltas
from bot.store.tables import rollups as table


class _Sums(NamedTuple):
    """Sums since a minute: monitored seconds, processed jobs (all queues), failures (one queue)."""

    seconds: int
    processed: int | None
    failed: int | None


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """The figures of an incident's time; with `sole_queue` all processed jobs are of its queue."""

    figures: Figures
    sole_queue: bool | None


def baseline(connection: Connection, queue: str | None, now: datetime) -> str:
    """Return the sums of the trigger's minute as JSON; `since` subtracts them from later sums."""
    return json.dumps(_sums(connection, queue, now, now))


def since(
    connection: Connection, incident: Incident, recovered_at: datetime, now: datetime
) -> Meanwhile:
    """Return the activity since the trigger of an incident that recovered at `recovered_at`."""
    last = samples.latest(connection)
    if incident.baseline is None or last is None or last.taken_at < recovered_at:
        return Meanwhile(UNKNOWN, None)
    first = _Sums(*json.loads(incident.baseline))
    sums = _sums(connection, incident.queue, incident.triggered_at, now)
    watched = (last.taken_at - incident.triggered_at).total_seconds()
    # Only the seconds between samples are counted, so a gap lowers the sum.
    if sums.seconds - first.seconds < int(watched):
        return Meanwhile(UNKNOWN, None)
    processed = None if sums.processed is None else sums.processed - (first.processed or 0)
    # Failures that were never in `jobs` lower the count of processed jobs. If the count is below
    # the proved minimum, it is wrong and therefore unknown.
    least = proved.processed_between(connection, incident.triggered_at, last.taken_at)
    if processed is not None and processed < least:
        processed = None
    sole_queue = _is_sole_queue(connection, incident.queue, incident.triggered_at)
    return Meanwhile(Figures(processed, _more(sums.failed, first.failed)), sole_queue)


def _more(count: int | None, first: int | None) -> int | None:
    """Return the difference, at least 0, because a sample may read a failure before its removal."""
    return None if count is None else max(0, count - (first or 0))


def _sums(connection: Connection, queue: str | None, since: datetime, now: datetime) -> _Sums:
    """Return the sums from the minute of `since` until now."""
    minute = since.replace(second=0, microsecond=0)
    name = queue or ALL
    whole, failed = Seen(), _not_sampled(connection, queue)
    # A queue with an empty name has no separate row.
    is_known = queue != ALL
    for rows in rollups.minutes(connection, minute, now, name).values():
        of_all = rows.get(ALL, Seen())
        whole += of_all
        own = rows.get(name)
        # A queue without a row had no failure, except if the sample left out some queues.
        is_known = is_known and (own is not None or not of_all.left_out)
        failed += 0 if own is None else own.appeared
    return _Sums(whole.seconds, whole.processed, failed if is_known else None)


def _not_sampled(connection: Connection, queue: str | None) -> int:
    """Return the number of new failures since the last sample."""
    c = metric_deltas.c
    grouped = select(c.queue, func.sum(c.failed)).group_by(c.queue, func.length(c.queue))
    counts = {name: int(count) for name, count in connection.execute(grouped)}
    return sum(counts.values()) if queue is None else counts.get(queue, 0)


def _is_sole_queue(connection: Connection, queue: str | None, since: datetime) -> bool:
    """Return whether no other queue is known."""
    minute = since.replace(second=0, microsecond=0)
    c = table.c
    others = or_(c.queue.not_in({ALL, queue}), c.left_out > 0)
    other = select(c.queue).where(c.span == MINUTE, c.at >= minute, others)
    if connection.execute(other.limit(1)).first() is not None:
        return False
    return known_queues.names(connection) <= {queue}
