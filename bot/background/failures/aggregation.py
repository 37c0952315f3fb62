"""Upkeep of the failure counts: what was appended is folded, what is old is kept by the day."""

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.database.transactions import changing, time_limit
from bot.store.failures import aggregation
from bot.store.leases import Lease, fence

TX_SECONDS = 10.0
# So that what a large bulk change appends lets sealing and delivery have their turn.
PASSES = 5


def fold_once(setup: Setup, lease: Lease) -> bool:
    """Fold what was appended; True where more is waiting."""

    def work(connection: Connection) -> int:
        fence(connection, lease)
        return aggregation.fold(connection, setup.clock(connection))

    for _ in range(PASSES):
        if (
            changing(setup.engine, time_limit(setup.engine, TX_SECONDS), work)
            < aggregation.FOLD_ROWS
        ):
            return False
    return True


def age_once(setup: Setup, lease: Lease) -> int:
    """Fold hours that are past into days, forget groups that are of no use; returns how many."""

    def work(connection: Connection) -> int:
        fence(connection, lease)
        aged = aggregation.age(connection, setup.clock(connection))
        return aged + aggregation.forget(connection)

    return changing(setup.engine, time_limit(setup.engine, TX_SECONDS), work)
