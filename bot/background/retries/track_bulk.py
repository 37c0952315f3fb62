"""Receipts of bulk retries: counts in the operation's message, and an answer when all is known."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.failures import indexing
from bot.background.leader import leader_snapshot, leader_transaction
from bot.background.operations.progress import answer, counted, tell
from bot.background.retries.track import DOUBT, GRACE, LATE, TRACKED_FOR
from bot.store.failures import index
from bot.store.leases import Lease
from bot.store.operations import operations
from bot.store.operations.operations import Operation
from bot.store.operations.retries import outcomes
from bot.store.operations.retries.outcomes import OutcomeCounts
from bot.store.operations.retries.refailures import count_failures
from bot.views.operations.outcomes import outcomes_message

AT_ONCE = 2
"""Operations counted in one pass."""
INTERVALS = (
    (timedelta(minutes=1), timedelta(seconds=3)),
    (LATE, timedelta(seconds=10)),
    (timedelta(hours=1), timedelta(minutes=1)),
    (TRACKED_FOR, timedelta(minutes=5)),
)
"""How often an operation is counted, by how long ago it ended."""


def outcomes_once(setup: Setup, lease: Lease) -> int:
    """Count the operations whose time has come; returns how many messages were changed."""
    with leader_snapshot(setup) as connection:
        waiting = outcomes.due(connection, setup.clock(connection), AT_ONCE)
    drained = {row.operation for row in waiting if row.drained_at is not None}
    fresh = bool(drained) and not indexing.index_once(setup, lease)

    def count(operation: int, *, sure: bool) -> bool:
        def work(connection: Connection) -> bool:
            done = sure and not index.backfill_left(connection)
            return _count(setup, connection, operation, sure=done)

        return leader_transaction(setup, lease, work)

    return sum(count(row.operation, sure=fresh and row.operation in drained) for row in waiting)


def _count(setup: Setup, connection: Connection, number: int, *, sure: bool) -> bool:
    """One look at one operation; True where its message was changed.

    `sure` says that every failure since it was drained would be known.
    """
    now = setup.clock(connection)
    seen = outcomes.of_operation(connection, number)
    operation = operations.find(connection, number)
    if seen is None or operation is None or seen.next_check_at is None:
        return False
    found: dict[str, Any] = {
        **count_failures(connection, operation, seen),
        **outcomes.count_waiting(connection, setup.queue, seen, now),
        "deleted": outcomes.count_deleted(connection, seen),
    }
    after = replace(seen, **found)
    after = replace(after, **_next(connection, operation, after, now, sure=sure))
    outcomes.note(connection, after)
    if after.next_check_at is None:
        outcomes.delete_ranges(connection, number)
    return _tell(setup, connection, operation, seen, after, now)


def _next(
    connection: Connection, operation: Operation, seen: OutcomeCounts, now: datetime, *, sure: bool
) -> Mapping[str, Any]:
    """What follows from the counts: whether all is known, and when to look again."""
    age = now - seen.started_at
    spread = timedelta(minutes=operation.total / operation.rate if operation.rate else 0)
    if seen.waiting == 0 and not outcomes.is_behind(connection, seen):
        return _drained(seen, now, sure=sure)
    if age >= TRACKED_FOR + spread:
        return {"state": outcomes.STOPPED, "next_check_at": None}
    every = next((every for until, every in INTERVALS if age < until), INTERVALS[-1][1])
    return {
        "state": outcomes.FOLLOWING,
        "drained_at": None,
        "settled_at": None,
        "late": seen.late or (age >= LATE + spread and bool(seen.waiting)),
        "next_check_at": now + every,
    }


def _drained(seen: OutcomeCounts, now: datetime, *, sure: bool) -> Mapping[str, Any]:
    """Nothing waits any more: all is known as soon as a failure would be."""
    if seen.drained_at is None:
        return {"drained_at": now, "next_check_at": now + GRACE}
    if not sure:
        return {"next_check_at": now + GRACE}
    if seen.state == outcomes.SETTLED:
        return {"next_check_at": None}
    return {
        "state": outcomes.SETTLED,
        "settled_at": seen.drained_at,
        "next_check_at": now + DOUBT,
    }


def _tell(
    setup: Setup,
    connection: Connection,
    operation: Operation,
    before: OutcomeCounts,
    after: OutcomeCounts,
    now: datetime,
) -> bool:
    if after.waiting is None:
        return False
    said, says = (counted(operation, one, after.started_at) for one in (before, after))
    same = before.waiting is not None and said == says
    news = (after.state, after.late) != (before.state, before.late)
    if same and not news:
        return False
    tell(setup, connection, operation, now)
    corrected = after.state == outcomes.SETTLED and not same
    if news or corrected:
        message = outcomes_message(
            counted(operation, after, now), operation.actor, channel_context(setup, now)
        )
        answer(setup, connection, operation, message, now)
    return True
