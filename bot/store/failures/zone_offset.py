"""Detect whether workers write `failed_at` in a zone that is not the configured time zone.

The bot indexes a failure within seconds, so `failed_at` and `seen_at` of a new failure are close.
Time zones differ by quarters of an hour. The zone is wrong if `failed_at` and `seen_at` of most new
failures differ by an equal number of quarters. A filter by time would then choose wrong jobs.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import Connection, RowMapping, select

from bot.models.refusals import TimesOff
from bot.queue.layouts import Queue
from bot.store.failures.backfill import NO_INCIDENT
from bot.store.tables import failures

COMPARED = 10
"""The number of newest failures that are compared, except failures from before the first start."""
STEP = timedelta(minutes=15)
TOLERANCE = timedelta(seconds=30)
"""The tolerance for the index's delay, and for different clocks of a worker and the database."""
LARGEST = timedelta(hours=26)
"""The difference between the zones UTC-12 and UTC+14."""


def zone_offset(connection: Connection, queue: Queue) -> timedelta:
    """Return how much earlier than the real failure `failed_at` is; zero if the zone is right."""
    c = failures.c
    columns = (c.seq, c.failed_at, c.seen_at, c.incident, c.payload_digest)
    query = select(*columns).order_by(c.seq.desc()).limit(COMPARED)
    newest = connection.execute(query).mappings().all()
    rows = [row for row in newest if row["incident"] != NO_INCIDENT]
    if not _offset(queue, rows):
        return timedelta()
    return _offset(queue, [row for row in rows if not _is_restored(connection, row)])


def _offset(queue: Queue, rows: Iterable[RowMapping]) -> timedelta:
    """Return the offset of most of these failures, or zero if they have no common offset."""
    steps = [_steps(row["seen_at"] - queue.utc(row["failed_at"])) for row in rows]
    for number, count in Counter(steps).most_common(1):
        if number is not None and 2 * count > len(steps):
            return number * STEP
    return timedelta()


def _is_restored(connection: Connection, row: RowMapping) -> bool:
    """Whether an undo restored the failure under a new id, so that `seen_at` is much too late."""
    c = failures.c
    earlier = select(c.seq).where(
        c.payload_digest == row["payload_digest"],
        c.failed_at == row["failed_at"],
        c.seq < row["seq"],
        c.restored_by.is_not(None),
    )
    return connection.execute(earlier.limit(1)).first() is not None


def _steps(age: timedelta) -> int | None:
    """Return the number of steps that is within `TOLERANCE` of the age, or None."""
    number = round(age / STEP)
    return number if abs(age) <= LARGEST and abs(age - number * STEP) <= TOLERANCE else None


def require_right_zone(connection: Connection, queue: Queue) -> None:
    """Raise `TimesOff` if the zone of `failed_at` is not the configured time zone."""
    if offset := zone_offset(connection, queue):
        raise TimesOff(minutes=offset // timedelta(minutes=1))
