"""The bot's own changes of `jobs`, and new failures, since the last sample.

Every transaction that changes `jobs`, or indexes failures, appends a row; the sampler deletes the
rows in the transaction that stores its sample. So no delta is counted twice or lost.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select

from bot.store.tables import metric_deltas

ROWS = 5_000
"""How many rows one sample reads; the next sample reads the rest."""


@dataclass(frozen=True, slots=True)
class MetricDelta:
    """New failures; jobs that the bot removed minus those restored under their ids; unused ids."""

    failed: int = 0
    removed: int = 0
    skipped: int = 0

    def __add__(self, other: "MetricDelta") -> "MetricDelta":
        """Return the sum of both."""
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
    """Append how many jobs the bot removed; a negative number was restored under the old ids."""
    _append(connection, {_ANY_QUEUE: MetricDelta(removed=jobs)} if jobs else {})


def append_skipped(connection: Connection, ids: int) -> None:
    """Append how many ids of `jobs` an insert of the bot reserved but did not use."""
    _append(connection, {_ANY_QUEUE: MetricDelta(skipped=ids)} if ids else {})


_ANY_QUEUE = ""
"""The queue of deltas for which the queue does not matter; it matters only for failures."""


def _append(connection: Connection, changes: Mapping[str, MetricDelta]) -> None:
    if changes:
        rows = [{"queue": queue, **asdict(delta)} for queue, delta in changes.items()]
        connection.execute(insert(metric_deltas), rows)


def drain(connection: Connection) -> dict[str, MetricDelta]:
    """Delete the deltas and return their sums by queue."""
    rows = connection.execute(select(metric_deltas).order_by(metric_deltas.c.id).limit(ROWS)).all()
    sums: defaultdict[str, MetricDelta] = defaultdict(MetricDelta)
    for row in rows:
        sums[row.queue] += MetricDelta(row.failed, row.removed, row.skipped)
    if rows:
        connection.execute(
            delete(metric_deltas).where(metric_deltas.c.id.in_([row.id for row in rows]))
        )
    return dict(sums)
