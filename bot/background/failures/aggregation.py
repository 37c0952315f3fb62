"""Upkeep of the failure counts: aggregate deltas, and merge old hours into days."""

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.leader import leader_transaction
from bot.store.failures import aggregation
from bot.store.leases import Lease

# Bounded, so that the deltas of a large bulk change do not delay sealing and delivery.
PASSES = 5


def aggregate_once(setup: Setup, lease: Lease) -> bool:
    """Aggregate the deltas; return True if more are waiting."""

    def work(connection: Connection) -> int:
        return aggregation.aggregate(connection, setup.clock(connection))

    for _ in range(PASSES):
        if leader_transaction(setup, lease, work) < aggregation.AGGREGATED_AT_ONCE:
            return False
    return True


def merge_once(setup: Setup, lease: Lease) -> int:
    """Merge old hours into days and delete groups without failures; return their number."""

    def work(connection: Connection) -> int:
        aged = aggregation.merge_old_hours(connection, setup.clock(connection))
        return aged + aggregation.delete_unused_groups(connection)

    return leader_transaction(setup, lease, work)
