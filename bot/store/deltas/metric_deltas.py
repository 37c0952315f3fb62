"""Deltas since the last sample: the bot's own changes of `jobs`, and new failures.

Every transaction that changes `jobs` or indexes failures appends rows. The sampler deletes the rows
in the transaction that stores its sample. So no delta is lost or counted twice.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select

from bot.store.tables import metric_deltas

ROWS = 5_000
"""One sample reads at most this many rows; the next sample reads more."""


@dataclass(frozen=True, slots=True)
class MetricDelta:
    """New failures (`failed`), removed minus restored jobs (`removed`), unused ids (`skipped`)."""

    failed: int = 0
    removed: int = 0
    skipped: int = 0

    def __add__(self, other: "MetricDelta") -> "MetricDelta":
        """Return the sum of the two deltas."""
        return MetricDelta(
            self.failed + other.failed,
            self.removed + other.removed,
            self.skipped + other.skipped,
        )


def append_failed(connection: Connection, counts: Mapping[str, int]) -> None:
    """Append the number of newly indexed failures of each queue."""
    _append(
        connection, {queue: MetricDelta(failed=count) for queue, count in counts.items() if count}
    )


def append_removed(connection: Connection, jobs: int) -> None:
    """Append the number of removed jobs; a negative number means restored under the old ids."""
    _append(connection, {_ANY_QUEUE: MetricDelta(removed=jobs)} if jobs else {})


def append_skipped(connection: Connection, ids: int) -> None:
    """Append the number of `jobs` ids that an insert of the bot reserved but did not use."""
    _append(connection, {_ANY_QUEUE: MetricDelta(skipped=ids)} if ids else {})


_ANY_QUEUE = ""
"""The queue in deltas of jobs; only deltas of failures need a queue."""


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
