"""Receipts of single retries: what became of each job, in the message about it and its thread."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.failures import indexing
from bot.background.leader import leader_snapshot, leader_transaction
from bot.background.operations.progress import tell
from bot.models.operations import Receipt
from bot.store import outbox
from bot.store.failures import index
from bot.store.incidents import assignment
from bot.store.leases import Lease
from bot.store.operations import operations
from bot.store.operations.retries import location, tracked_jobs
from bot.store.operations.retries.location import JobLocation, Refailure
from bot.store.operations.retries.tracked_jobs import TrackedJob
from bot.views.operations.outcomes import reply_message, request_message

LATE = timedelta(minutes=10)
"""After so long it is said once that a job still waits."""
TRACKED_FOR = timedelta(days=1)
GRACE = timedelta(seconds=2)
"""How long a job must be gone: a worker deletes it first and writes its failure down after."""
DOUBT = timedelta(minutes=1)
"""When a job that seemed to be processed is looked for once more: its failure may come late."""
INTERVALS = (
    (timedelta(seconds=10), timedelta(seconds=1)),
    (timedelta(minutes=1), timedelta(seconds=3)),
    (LATE, timedelta(seconds=15)),
    (timedelta(hours=1), timedelta(minutes=1)),
    (TRACKED_FOR, timedelta(minutes=5)),
)
"""How often a job is looked for, by how long ago it was retried."""

Changes = dict[TrackedJob, Mapping[str, Any]]


def receipts_once(setup: Setup, lease: Lease) -> int:
    """Look for the retried jobs whose time has come; returns how many outcomes were told.

    That nothing new has failed can only be said where the index has been brought up to date since
    the job was missed.
    """
    with leader_snapshot(setup) as connection:
        waiting = tracked_jobs.due(connection, setup.clock(connection))
    if not waiting:
        return 0
    missed = {row.id for row in waiting if row.missing_since is not None}
    fresh = bool(missed) and not indexing.index_once(setup, lease)

    def work(connection: Connection) -> int:
        now = setup.clock(connection)
        rows = tracked_jobs.due(connection, now)
        sure = missed if fresh and not index.backfill_left(connection) else set()
        changes = _found(setup, connection, rows, sure, now)
        tracked_jobs.note(connection, changes)
        told = [row for row, values in changes.items() if _is_news(row, values)]
        _tell(setup, connection, told, now)
        return len(told)

    return leader_transaction(setup, lease, work)


def _found(
    setup: Setup, connection: Connection, rows: Sequence[TrackedJob], sure: set[int], now: datetime
) -> Changes:
    """What one look says of each row; `sure` are those of which a failure would be known."""
    sights = location.look(connection, setup.queue, rows)
    gone = [row for row in rows if sights[row.id].job_id is None and sights[row.id].taken is None]
    again = location.failed_again(connection, gone)
    highest = location.highest_id(connection, setup.queue)
    changes: Changes = {}
    for row in rows:
        sight = sights[row.id]
        if sight.job_id is not None:
            changes[row] = _waits(row, sight.job_id, highest, now)
        else:
            changes[row] = _gone(row, sight, again.get(row.id), now, sure=row.id in sure)
    return changes


def _waits(row: TrackedJob, job_id: int, highest: int, now: datetime) -> dict[str, Any]:
    age = now - row.retried_at
    if age >= TRACKED_FOR:
        return _settled(tracked_jobs.STOPPED_FOLLOWING, now)
    return {
        "state": tracked_jobs.WAITING,
        "job_id": job_id,
        "highest_id": max(highest, job_id),
        "missing_since": None,
        "settled_at": None,
        "late": row.late or age >= LATE,
        "next_check_at": now + _interval(age),
    }


def _interval(age: timedelta) -> timedelta:
    return next((every for until, every in INTERVALS if age < until), INTERVALS[-1][1])


def _gone(
    row: TrackedJob, sight: JobLocation, again: Refailure | None, now: datetime, *, sure: bool
) -> dict[str, Any]:
    if sight.taken is not None:
        by = {"settled_by": sight.taken.actor, "settled_action": sight.taken.action}
        return _settled(tracked_jobs.NO_LONGER_QUEUED, now) | by
    if again is not None:
        other = row.error_group is not None and row.error_group != again.error_group
        state = tracked_jobs.FAILED_OTHERWISE if other else tracked_jobs.FAILED_AGAIN
        return _settled(state, now) | {"outcome_seq": again.seq}
    return _missed(row, sight, now, sure=sure)


def _missed(row: TrackedJob, sight: JobLocation, now: datetime, *, sure: bool) -> dict[str, Any]:
    """Gone, and nobody knows how: done, as soon as a failure would be known."""
    if row.missing_since is None:
        return {"missing_since": now, "next_check_at": now + GRACE}
    if not sure:
        return {"next_check_at": now + GRACE}
    if row.state == tracked_jobs.PROCESSED:
        return {"next_check_at": None}
    if not sight.complete:
        return _settled(tracked_jobs.NO_LONGER_QUEUED, now)
    # When it was missed is nearer to the truth than when that was certain.
    return {
        "state": tracked_jobs.PROCESSED,
        "settled_at": row.missing_since,
        "next_check_at": now + DOUBT,
    }


def _settled(state: str, now: datetime) -> dict[str, Any]:
    return {"state": state, "settled_at": now, "next_check_at": None}


def _is_news(row: TrackedJob, values: Mapping[str, Any]) -> bool:
    after = tracked_jobs.changed(row, values)
    return after.state != row.state or after.late != row.late


def _tell(setup: Setup, connection: Connection, news: Sequence[TrackedJob], now: datetime) -> None:
    """Change the messages about these jobs, and answer in their threads."""
    for seq in {row.failed_seq for row in news if row.failed_seq is not None}:
        assignment.touch(connection, seq)
    for number in {row.operation for row in news if row.operation is not None}:
        operation = operations.find(connection, number)
        if operation is not None:
            tell(setup, connection, operation, now)
    requests = {row.request_id for row in news if row.operation is None}
    of_request: dict[str, list[TrackedJob]] = {}
    for row in tracked_jobs.of_requests(connection, requests):
        of_request.setdefault(row.request_id, []).append(row)
    for request_id, rows in of_request.items():
        _tell_request(setup, connection, request_id, rows, now)


def _tell_request(
    setup: Setup, connection: Connection, request_id: str, rows: Sequence[TrackedJob], now: datetime
) -> None:
    """One message a request: a line for each of its jobs, and one reply when all is known."""
    context = replace(channel_context(setup, now), request=request_id)
    receipts = receipts_of(connection, rows, now)
    subject = f"request:{request_id}"
    channel = outbox.channel_of(connection, subject)
    if channel is not None:
        message = request_message(receipts, rows[0].actor, context)
        outbox.edit(connection, channel, subject, message, now)
    else:
        # A click on an alert: the alert is the message.
        found = assignment.of_failure(connection, rows[0].failed_seq)
        if found is None or setup.alert_channel is None:
            return
        channel, subject = setup.alert_channel, f"incident:{found.id}"
    if all(row.is_settled or row.late for row in rows):
        reply = reply_message(receipts, rows[0].actor, context)
        outbox.reply(connection, channel, subject, reply, now)


def receipts_of(
    connection: Connection, rows: Sequence[TrackedJob], now: datetime
) -> tuple[Receipt, ...]:
    """The followed jobs as messages show them."""
    found = index.by_seqs(connection, [row.outcome_seq for row in rows if row.outcome_seq])
    made = []
    for row in rows:
        again = found.get(row.outcome_seq or 0)
        made.append(
            Receipt(
                failed_id=row.failed_id,
                job_id=row.retried_as,
                queue=row.queue,
                job_class=row.job_class,
                order_id=row.order_id,
                state=row.state,
                seconds=int(((row.settled_at or now) - row.retried_at).total_seconds()),
                late=row.late,
                by=row.settled_by,
                how=row.settled_action,
                again_id=None if again is None else again["failed_id"],
                error=None if again is None else again["error"],
                same=row.error_group is not None and row.state == tracked_jobs.FAILED_AGAIN,
            )
        )
    return tuple(made)
