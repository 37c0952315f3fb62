"""Upkeep of the history: minutes become hours, hours days, and what is too old goes."""

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.leader import leader_transaction
from bot.store.leases import Lease
from bot.store.metrics import rollups


def roll_once(setup: Setup, lease: Lease) -> bool:
    """Roll up one hour or one day that is over, or delete a batch; True where more may wait."""

    def work(connection: Connection) -> bool:
        now = setup.clock(connection)
        if rollups.roll_hour(connection, now) or rollups.roll_day(connection, now, setup.zone):
            return True
        return rollups.purge(connection, now, setup.zone) > 0

    return leader_transaction(setup, lease, work)
