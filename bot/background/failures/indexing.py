"""The watcher's scan of `failed_jobs`: index new failures, mark missing ones removed."""

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.leader import leader_transaction
from bot.store.failures import index
from bot.store.leases import Lease

# Bounded, so that a backfill of a million rows does not delay sealing and delivery.
PASSES = 5


def index_once(setup: Setup, lease: Lease) -> bool:
    """Index new failures; return True if more are waiting."""
    for _ in range(PASSES):
        result = _step(setup, lease, index.index_new)
        if not result.more:
            return False
    return True


def scan_once(setup: Setup, lease: Lease) -> int:
    """Compare the next range of ids with the index; return the number of differences."""
    result = _step(setup, lease, index.scan)
    return result.added + result.removed


def _step(setup: Setup, lease: Lease, step: index.Step) -> index.Pass:
    def work(connection: Connection) -> index.Pass:
        return step(connection, setup.queue, setup.clock(connection))

    return leader_transaction(setup, lease, work)
