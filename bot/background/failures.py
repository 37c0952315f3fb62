"""Keep the index of failures and its counts up to date.

Index new failures, mark missing failures removed, copy the times of removals, aggregate deltas, and
merge old hours.
"""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from bot.app.setup import Setup
from bot.background.leader import leader_snapshot, leader_transaction
from bot.store.failures import (
    aggregation,
    index,
    index_scan,
    regrouping,
    relabeling,
    removed_copy,
    unindexed,
)
from bot.store.failures.progress import progress
from bot.store.leases import Lease

log = structlog.get_logger(__name__)

# The limit is needed because a backfill of a million rows, or the deltas of a large bulk change,
# would delay sealing and delivery.
PASSES = 5


def index_once(setup: Setup, lease: Lease) -> bool:
    """Index new failures; return True if more are waiting."""
    for _ in range(PASSES):
        result = _step(setup, lease, index.index_new)
        if not result.more:
            return False
    return True


def log_progress(setup: Setup) -> None:
    """Log the progress of the pass over the older failures."""
    with leader_snapshot(setup) as connection:
        current = progress(connection, setup.queue, setup.clock(connection))
    if current is not None:
        log.info("indexing older failures", **current.model_dump())


def regroup_once(setup: Setup, lease: Lease) -> bool:
    """Group some failures by the current rules; return True if failures remain."""

    def work(connection: Connection, now: datetime) -> regrouping.Regrouping:
        return regrouping.regroup(connection, setup.queue, now)

    return leader_transaction(setup, lease, work).more


def relabel_once(setup: Setup, lease: Lease) -> bool:
    """Give some failures the current subjects; return True if failures remain."""

    def work(connection: Connection, now: datetime) -> relabeling.Relabeling:
        return relabeling.relabel(connection, setup.queue, now)

    return leader_transaction(setup, lease, work).more


def scan_once(setup: Setup, lease: Lease) -> int:
    """Compare the next range of ids with the index; return the number of differences."""
    result = _step(setup, lease, index_scan.scan)
    return result.added + result.removed


def copy_removed_once(setup: Setup, lease: Lease) -> int:
    """Take some removed failures out of the scope's index; return their number."""

    def work(connection: Connection, _now: datetime) -> int:
        return removed_copy.copy_removed(connection)

    return leader_transaction(setup, lease, work)


def _step(setup: Setup, lease: Lease, step: index.Step) -> unindexed.Pass:
    def work(connection: Connection, now: datetime) -> unindexed.Pass:
        return step(connection, setup.queue, now)

    return leader_transaction(setup, lease, work)


def aggregate_once(setup: Setup, lease: Lease) -> bool:
    """Aggregate the deltas; return True if more are waiting."""

    def work(connection: Connection, now: datetime) -> int:
        return aggregation.aggregate(connection, now)

    for _ in range(PASSES):
        if leader_transaction(setup, lease, work) < aggregation.AGGREGATED_AT_ONCE:
            return False
    return True


def merge_once(setup: Setup, lease: Lease) -> int:
    """Merge old hours into days and delete groups without failures; return how many rows."""

    def work(connection: Connection, now: datetime) -> int:
        aged = aggregation.merge_old_hours(connection, now)
        return aged + aggregation.delete_unused_groups(connection)

    return leader_transaction(setup, lease, work)
