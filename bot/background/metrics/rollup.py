"""Upkeep of the history: minutes become hours, hours days, and what is too old goes."""

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.database.transactions import changing, time_limit
from bot.store.leases import Lease, fence
from bot.store.metrics import rollups

TX_SECONDS = 10.0


def roll_once(setup: Setup, lease: Lease) -> bool:
    """Roll up one hour or one day that is over, or delete a batch; True where more may wait."""

    def work(connection: Connection) -> bool:
        fence(connection, lease)
        now = setup.clock(connection)
        if rollups.roll_hour(connection, now) or rollups.roll_day(connection, now, setup.zone):
            return True
        return rollups.purge(connection, now, setup.zone) > 0

    return changing(setup.engine, time_limit(setup.engine, TX_SECONDS), work)
