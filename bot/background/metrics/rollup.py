"""Rollup of the metrics: minutes into hours, hours into days, and deletion of old rows."""

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.leader import leader_transaction
from bot.store.leases import Lease
from bot.store.metrics import rollups


def roll_once(setup: Setup, lease: Lease) -> bool:
    """Roll up one past hour or day, or delete a batch; return True if more may be waiting."""

    def work(connection: Connection) -> bool:
        now = setup.clock(connection)
        if rollups.roll_hour(connection, now) or rollups.roll_day(connection, now, setup.zone):
            return True
        return rollups.purge(connection, now, setup.zone) > 0

    return leader_transaction(setup, lease, work)
