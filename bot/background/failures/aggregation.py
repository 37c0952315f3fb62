"""Upkeep of the failure counts: what was appended is folded, what is old is kept by the day."""

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.leader import leader_transaction
from bot.store.failures import aggregation
from bot.store.leases import Lease

# So that what a large bulk change appends lets sealing and delivery have their turn.
PASSES = 5


def fold_once(setup: Setup, lease: Lease) -> bool:
    """Fold what was appended; True where more is waiting."""

    def work(connection: Connection) -> int:
        return aggregation.fold(connection, setup.clock(connection))

    for _ in range(PASSES):
        if leader_transaction(setup, lease, work) < aggregation.FOLD_ROWS:
            return False
    return True


def age_once(setup: Setup, lease: Lease) -> int:
    """Fold hours that are past into days, forget groups that are of no use; returns how many."""

    def work(connection: Connection) -> int:
        aged = aggregation.age(connection, setup.clock(connection))
        return aged + aggregation.forget(connection)

    return leader_transaction(setup, lease, work)
