"""The watcher's pass over `failed_jobs`: index new failures, mark missing ones removed."""

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.leader import leader_transaction
from bot.store.failures import index
from bot.store.leases import Lease

# So that a backfill of a million rows lets sealing and delivery have their turn.
PASSES = 5


def index_once(setup: Setup, lease: Lease) -> bool:
    """Index new failures; True where more are waiting."""
    for _ in range(PASSES):
        found = _step(setup, lease, index.index_new)
        if not found.more:
            return False
    return True


def scan_once(setup: Setup, lease: Lease) -> int:
    """Compare the next stretch of ids with the index; returns how many differences were found."""
    found = _step(setup, lease, index.scan)
    return found.added + found.removed


def _step(setup: Setup, lease: Lease, step: index.Step) -> index.Pass:
    def work(connection: Connection) -> index.Pass:
        return step(connection, setup.queue, setup.clock(connection))

    return leader_transaction(setup, lease, work)
