"""Count the outcomes of bulk retries in the operation's message; reply when all are known."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.app.responses import channel_context
from bot.app.setup import Setup
from bot.background.failures import index_once
from bot.background.leader import leader_snapshot, leader_transaction
from bot.background.operations.progress import counted, edit_progress, reply
from bot.background.retries.track import DOUBT, GRACE, LATE, TRACKED_FOR
from bot.store.deltas import incident_deltas
from bot.store.failures import backfill
from bot.store.leases import Lease
from bot.store.operations import operations
from bot.store.operations.operations import Operation
from bot.store.operations.retries import outcomes
from bot.store.operations.retries.outcomes import OutcomeCounts
from bot.store.operations.retries.refailures import count_failures
from bot.views.operations.outcomes import outcomes_message

AT_ONCE = 2
"""The number of operations counted in one pass."""
INTERVALS = (
    (timedelta(minutes=1), timedelta(seconds=3)),
    (LATE, timedelta(seconds=10)),
    (timedelta(hours=1), timedelta(minutes=1)),
    (TRACKED_FOR, timedelta(minutes=5)),
)
"""How often an operation's outcomes are counted, by the time since its end."""


def outcomes_once(setup: Setup, lease: Lease) -> int:
    """Count the outcomes of due operations; return how many messages were edited."""
    with leader_snapshot(setup) as connection:
        waiting = outcomes.due(connection, setup.clock(connection), AT_ONCE)
    drained = {row.operation for row in waiting if row.drained_at is not None}
    fresh = bool(drained) and not index_once(setup, lease)

    def count(operation: int, *, fresh: bool) -> bool:
        def work(connection: Connection, now: datetime) -> bool:
            settled = fresh and not backfill.backfill_left(connection)
            return _count(setup, connection, operation, now, settled=settled)

        return leader_transaction(setup, lease, work)

    return sum(count(row.operation, fresh=fresh and row.operation in drained) for row in waiting)


def _count(
    setup: Setup, connection: Connection, number: int, now: datetime, *, settled: bool
) -> bool:
    """Count the outcomes of one operation; return True if its message was edited.

    `settled`: all failures are indexed that happened before the last job stopped waiting.
    """
    before = outcomes.of_operation(connection, number)
    operation = operations.find(connection, number)
    if before is None or operation is None or before.next_check_at is None:
        return False
    refailures = count_failures(connection, operation, before)
    for incident, failed in refailures.by_incident.items():
        incident_deltas.add_to_operation(connection, incident, number, failed)
    values: dict[str, Any] = {
        **refailures.counts,
        **outcomes.count_waiting(connection, setup.queue, before, now),
        "deleted": outcomes.count_deleted(connection, before),
    }
    after = replace(before, **values)
    after = replace(after, **_next(connection, operation, after, now, settled=settled))
    outcomes.note(connection, after)
    if after.next_check_at is None:
        outcomes.delete_ranges(connection, number)
    return _publish(setup, connection, operation, before, after, now)


def _next(
    connection: Connection,
    operation: Operation,
    counts: OutcomeCounts,
    now: datetime,
    *,
    settled: bool,
) -> Mapping[str, Any]:
    """Return the state of the operation's outcomes by the counts, and the next count's time."""
    age = now - counts.started_at
    spread = timedelta(minutes=operation.total / operation.rate if operation.rate else 0)
    if counts.waiting == 0 and not outcomes.is_behind(connection, counts):
        return _drained(counts, now, settled=settled)
    if age >= TRACKED_FOR + spread:
        return {"state": outcomes.STOPPED, "next_check_at": None}
    interval = next((interval for until, interval in INTERVALS if age < until), INTERVALS[-1][1])
    return {
        "state": outcomes.FOLLOWING,
        "drained_at": None,
        "settled_at": None,
        "late": counts.late or (age >= LATE + spread and bool(counts.waiting)),
        "next_check_at": now + interval,
    }


def _drained(counts: OutcomeCounts, now: datetime, *, settled: bool) -> Mapping[str, Any]:
    """Return the state of an operation without waiting jobs; it is final if `settled`."""
    if counts.drained_at is None:
        return {"drained_at": now, "next_check_at": now + GRACE}
    if not settled:
        return {"next_check_at": now + GRACE}
    if counts.state == outcomes.SETTLED:
        return {"next_check_at": None}
    return {
        "state": outcomes.SETTLED,
        "settled_at": counts.drained_at,
        "next_check_at": now + DOUBT,
    }


def _publish(
    setup: Setup,
    connection: Connection,
    operation: Operation,
    before: OutcomeCounts,
    after: OutcomeCounts,
    now: datetime,
) -> bool:
    if after.waiting is None:
        return False
    previous, current = (counted(operation, counts, after.started_at) for counts in (before, after))
    same = before.waiting is not None and previous == current
    news = (after.state, after.late) != (before.state, before.late)
    if same and not news:
        return False
    edit_progress(setup, connection, operation, now)
    corrected = after.state == outcomes.SETTLED and not same
    if news or corrected:
        message = outcomes_message(
            counted(operation, after, now), operation.actor, channel_context(setup, now)
        )
        reply(setup, connection, operation, message, now)
    return True
