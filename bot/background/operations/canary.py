"""The canary of a bulk retry: the rest is retried only if all canary jobs were processed."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.access.roles import Grant
from bot.app.setup import Setup
from bot.background.leader import leader_snapshot, leader_transaction
from bot.background.operations.progress import edit_progress, end
from bot.models.roles import Role
from bot.store.leases import Lease
from bot.store.operations import operations, transitions
from bot.store.operations.operations import Operation
from bot.store.operations.retries import tracked_jobs

SILENT_AFTER = timedelta(minutes=10)
"""The time limit of the canary. It is exceeded if no worker runs or if the queue is too long."""
FAILED, SILENT, GONE = "canary-failed", "canary-silent", "canary-gone"
"""Reasons to stop: a canary job failed again, did not end in time, or was removed."""

_FAILURES = (tracked_jobs.FAILED_AGAIN, tracked_jobs.FAILED_OTHERWISE)
_NOBODY = Grant(Role.NONE, "none")


def decide_once(setup: Setup, lease: Lease) -> int:
    """Continue operations whose canary passed, and stop operations whose canary failed.

    Return the number of these operations.
    """
    with leader_snapshot(setup) as connection:
        waiting = transitions.waiting_for_canary(connection)

    def decide(number: int) -> bool:
        def work(connection: Connection, now: datetime) -> bool:
            operation = operations.locked(connection, number)
            if operation is None or operation.state != "waiting":
                return False
            return _decide(setup, connection, operation, now)

        return leader_transaction(setup, lease, work)

    return sum(decide(number) for number in waiting)


def _decide(setup: Setup, connection: Connection, operation: Operation, now: datetime) -> bool:
    reason = verdict(tracked_jobs.of_operation(connection, operation.id), now)
    if reason is None:
        return False
    if reason:
        return end(setup, connection, operation, "stopped", reason, _NOBODY)
    if not transitions.go_on(connection, operation, now):
        return False
    edit_progress(setup, connection, operations.find(connection, operation.id) or operation, now)
    return True


def verdict(canary: list[tracked_jobs.TrackedJob], now: datetime) -> str | None:
    """Return the reason to stop the operation, "" to continue it, or None to wait."""
    states = {row.state for row in canary}
    if states.intersection(_FAILURES):
        return FAILED
    if not canary or tracked_jobs.NO_LONGER_QUEUED in states:
        return GONE
    if states == {tracked_jobs.PROCESSED}:
        return ""
    return SILENT if now - canary[0].retried_at >= SILENT_AFTER else None
