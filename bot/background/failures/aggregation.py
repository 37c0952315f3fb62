"""Upkeep of the failure counts: what was appended is aggregated, what is old is kept by the day."""

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.leader import leader_transaction
from bot.store.failures import aggregation
from bot.store.leases import Lease

# So that what a large bulk change appends lets sealing and delivery have their turn.
PASSES = 5


def aggregate_once(setup: Setup, lease: Lease) -> bool:
    """Aggregate the appended counts; return True if more are waiting."""

    def work(connection: Connection) -> int:
        return aggregation.aggregate(connection, setup.clock(connection))

    for _ in range(PASSES):
        if leader_transaction(setup, lease, work) < aggregation.AGGREGATED_AT_ONCE:
            return False
    return True


def merge_once(setup: Setup, lease: Lease) -> int:
    """Merge old hours into days, delete groups without failures; return how many."""

    def work(connection: Connection) -> int:
        aged = aggregation.merge_old_hours(connection, setup.clock(connection))
        return aged + aggregation.delete_unused_groups(connection)

    return leader_transaction(setup, lease, work)
