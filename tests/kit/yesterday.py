"""A day in Lima that a digest reports, and functions that read the digest."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import update

from bot.app.setup import Setup
from bot.database.transactions import reading
from bot.models.digest import Digest
from bot.store import tables
from bot.store.reports import digest
from bot.store.reports.digest_days import Days
from tests.kit.clock import moment
from tests.kit.queues import TestQueue

LIMA = "America/Lima"
YESTERDAY = Days(date(2026, 3, 9), date(2026, 3, 9), ZoneInfo(LIMA))
BEGAN, ENDED = moment("2026-03-09 00:00", LIMA), moment("2026-03-10 00:00", LIMA)
LONG_AGO = moment("2025-01-01")
HOUR = timedelta(hours=1)


def began(queue: TestQueue, at: datetime) -> None:
    """Set the time at which the bot's tables were created."""
    with queue.engine.begin() as connection:
        connection.execute(update(tables.migrations).values(applied_at=at))


def read(setup: Setup, days: Days = YESTERDAY) -> Digest:
    """Return the digest as of nine o'clock on the next day."""
    with reading(setup.engine) as connection:
        return digest.read(connection, days, ENDED + 9 * HOUR, setup.actions)
