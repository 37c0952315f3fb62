"""Detect that `failed_at` is written in another time zone than the configured one.

The bot indexes a failure within seconds, so a new failure's `failed_at` and the moment when the bot
saw it are close. Time zones differ by quarters of an hour. So if most of the newest failures are
the same number of quarters away from when the bot saw them, the zone is wrong, and a filter by time
would choose other jobs than the person means.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import Connection, RowMapping, select

from bot.models.refusals import TimesOff
from bot.queue.layouts import Queue
from bot.store.failures.index import NO_INCIDENT
from bot.store.tables import failures

COMPARED = 10
"""How many of the newest failures are compared; those of before the first start are not."""
STEP = timedelta(minutes=15)
TOLERANCE = timedelta(seconds=30)
"""The delay of the index, and the difference between the clocks of a worker and the database."""
LARGEST = timedelta(hours=26)
"""Zones are from UTC-12 to UTC+14."""


def zone_offset(connection: Connection, queue: Queue) -> timedelta:
    """Return how much earlier `failed_at` is than the failures happened; zero if it is right."""
    c = failures.c
    columns = (c.seq, c.failed_at, c.seen_at, c.incident, c.payload_digest)
    query = select(*columns).order_by(c.seq.desc()).limit(COMPARED)
    newest = connection.execute(query).mappings().all()
    rows = [row for row in newest if row["incident"] != NO_INCIDENT]
    if not _offset(queue, rows):
        return timedelta()
    return _offset(queue, [row for row in rows if not _is_restored(connection, row)])


def _offset(queue: Queue, rows: Iterable[RowMapping]) -> timedelta:
    """Return the offset that most of these failures have; zero if there is none."""
    steps = [_steps(row["seen_at"] - queue.utc(row["failed_at"])) for row in rows]
    for number, count in Counter(steps).most_common(1):
        if number is not None and 2 * count > len(steps):
            return number * STEP
    return timedelta()


def _is_restored(connection: Connection, row: RowMapping) -> bool:
    """Whether an undo restored the failure; under a new id, the bot saw it long after it failed."""
    c = failures.c
    earlier = select(c.seq).where(
        c.payload_digest == row["payload_digest"],
        c.failed_at == row["failed_at"],
        c.seq < row["seq"],
        c.restored_by.is_not(None),
    )
    return connection.execute(earlier.limit(1)).first() is not None


def _steps(age: timedelta) -> int | None:
    """Return the number of steps that the age is near to; None if it is near to none."""
    number = round(age / STEP)
    return number if abs(age) <= LARGEST and abs(age - number * STEP) <= TOLERANCE else None


def require_right_zone(connection: Connection, queue: Queue) -> None:
    """Raise `TimesOff` if `failed_at` is written in another zone than the configured one."""
    if offset := zone_offset(connection, queue):
        raise TimesOff(minutes=offset // timedelta(minutes=1))
