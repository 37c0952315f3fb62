"""Changes of `jobs` without a worker, and new failures, since the last sample.

Every transaction that changes `jobs`, or indexes failures, appends a row; the sampler deletes the
rows in the transaction that stores its sample. So no delta is counted twice or lost.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select

from bot.store.tables import metric_deltas

ROWS = 5_000
"""Taken at once; the rest is the next sample's."""


@dataclass(frozen=True, slots=True)
class MetricDelta:
    """New failures; jobs removed by the bot less those put back as they were; ids not used."""

    failed: int = 0
    removed: int = 0
    skipped: int = 0

    def __add__(self, other: "MetricDelta") -> "MetricDelta":
        """Both together."""
        return MetricDelta(
            self.failed + other.failed,
            self.removed + other.removed,
            self.skipped + other.skipped,
        )


def append_failed(connection: Connection, counts: Mapping[str, int]) -> None:
    """Append how many new failures of each queue were indexed."""
    _append(
        connection, {queue: MetricDelta(failed=count) for queue, count in counts.items() if count}
    )


def append_removed(connection: Connection, jobs: int) -> None:
    """Append how many jobs the bot removed; below 0, how many it put back under their old ids."""
    _append(connection, {_ANY_QUEUE: MetricDelta(removed=jobs)} if jobs else {})


def append_skipped(connection: Connection, ids: int) -> None:
    """Append how many ids of `jobs` an insert of the bot took and did not use."""
    _append(connection, {_ANY_QUEUE: MetricDelta(skipped=ids)} if ids else {})


_ANY_QUEUE = ""
"""Only of failures the queue is of use."""


def _append(connection: Connection, changes: Mapping[str, MetricDelta]) -> None:
    if changes:
        rows = [{"queue": queue, **asdict(delta)} for queue, delta in changes.items()]
        connection.execute(insert(metric_deltas), rows)


def drain(connection: Connection) -> dict[str, MetricDelta]:
    """Delete the deltas and return their sums by queue."""
    found = connection.execute(select(metric_deltas).order_by(metric_deltas.c.id).limit(ROWS)).all()
    taken: defaultdict[str, MetricDelta] = defaultdict(MetricDelta)
    for row in found:
        taken[row.queue] += MetricDelta(row.failed, row.removed, row.skipped)
    if found:
        connection.execute(
            delete(metric_deltas).where(metric_deltas.c.id.in_([row.id for row in found]))
        )
    return dict(taken)
