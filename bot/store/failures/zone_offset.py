"""Detect that `failed_at` is written in another time zone than the configured one.

The bot indexes a failure within seconds, so a new failure's `failed_at` and the moment when the bot
saw it are close. Time zones differ by quarters of an hour. So if most of the newest failures are
the same number of quarters away from when the bot saw them, the zone is wrong, and a filter by time
would choose other jobs than the person means.
"""

from collections import Counter
from datetime import timedelta

from sqlalchemy import Connection, select

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
    newest = select(c.failed_at, c.seen_at, c.incident).order_by(c.seq.desc()).limit(COMPARED)
    steps = [
        _steps(row.seen_at - queue.utc(row.failed_at))
        for row in connection.execute(newest)
        if row.incident != NO_INCIDENT
    ]
    for number, rows in Counter(steps).most_common(1):
        if number is not None and 2 * rows > len(steps):
            return number * STEP
    return timedelta()


def _steps(age: timedelta) -> int | None:
    """Return the number of steps that the age is near to; None if it is near to none."""
    number = round(age / STEP)
    return number if abs(age) <= LARGEST and abs(age - number * STEP) <= TOLERANCE else None


def require_right_zone(connection: Connection, queue: Queue) -> None:
    """Raise `TimesOff` if `failed_at` is written in another zone than the configured one."""
    if offset := zone_offset(connection, queue):
        raise TimesOff(minutes=offset // timedelta(minutes=1))
