"""Track the outcomes of single retries; the message about each job and its thread show them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.app.responses import channel_context
from bot.app.setup import Setup
from bot.background.failures import index_once
from bot.background.leader import leader_snapshot, leader_transaction
from bot.background.operations.progress import edit_progress
from bot.models.retry_outcomes import RetryOutcome
from bot.store import outbox
from bot.store.failures import backfill, error_merges, failure_lookups, subjects
from bot.store.failures.error_merges import NO_MERGES, Merges
from bot.store.incidents import assignment
from bot.store.leases import Lease
from bot.store.operations import operations
from bot.store.operations.retries import location, tracked_jobs
from bot.store.operations.retries.location import JobLocation, Refailure
from bot.store.operations.retries.tracked_jobs import TrackedJob
from bot.views.operations.outcomes import reply_message, request_message

LATE = timedelta(minutes=10)
"""One reply in the thread reports that the job still waits after this time."""
TRACKED_FOR = timedelta(days=1)
GRACE = timedelta(seconds=2)
"""How long a job must be missing, because a worker deletes it before it inserts the failure."""
DOUBT = timedelta(minutes=1)
"""A processed job is checked a last time after this time, because a failure may come late."""
INTERVALS = (
    (timedelta(seconds=10), timedelta(seconds=1)),
    (timedelta(minutes=1), timedelta(seconds=3)),
    (LATE, timedelta(seconds=15)),
    (timedelta(hours=1), timedelta(minutes=1)),
    (TRACKED_FOR, timedelta(minutes=5)),
)
"""How often a job is checked, by the time since its retry."""

Changes = dict[TrackedJob, Mapping[str, Any]]


def track_once(setup: Setup, lease: Lease) -> int:
    """Check the retried jobs that are due; return the number of new outcomes.

    A missing job counts as processed only if the index was updated after the job was first missed.
    A failure of the job would be in the index then.
    """
    with leader_snapshot(setup) as connection:
        waiting = tracked_jobs.due(connection, setup.clock(connection))
    if not waiting:
        return 0
    missed = {row.id for row in waiting if row.missing_since is not None}
    fresh = bool(missed) and not index_once(setup, lease)

    def work(connection: Connection, now: datetime) -> int:
        rows = tracked_jobs.due(connection, now)
        settled = missed if fresh and not backfill.backfill_left(connection) else set()
        changes = _check(setup, connection, rows, settled, now)
        tracked_jobs.note(connection, changes)
        news = [row for row, values in changes.items() if _is_news(row, values)]
        _publish(setup, connection, news, now)
        started = [row for row, values in changes.items() if _is_start(row, values)]
        _redraw_undo(setup, connection, [row for row in started if row not in news], now)
        return len(news)

    return leader_transaction(setup, lease, work)


def _check(
    setup: Setup,
    connection: Connection,
    rows: Sequence[TrackedJob],
    settled: set[int],
    now: datetime,
) -> Changes:
    """Return the changes of each row; a failure of a `settled` row would already be indexed."""
    locations = location.look(connection, setup.queue, rows)
    missing = [
        row for row in rows if locations[row.id].job_id is None and locations[row.id].taken is None
    ]
    refailures = location.failed_again(connection, missing)
    highest = location.highest_id(connection, setup.queue)
    merges = error_merges.read(connection) if refailures else NO_MERGES
    changes: Changes = {}
    for row in rows:
        place = locations[row.id]
        if place.job_id is not None:
            waits = _waits(row, place.job_id, highest, now)
            changes[row] = {**waits, "started": place.started}
        else:
            again = refailures.get(row.id)
            same = again is not None and _is_same_error(row, again, merges)
            changes[row] = _gone(row, place, again, now, settled=row.id in settled, same_error=same)
    return changes


def _is_same_error(row: TrackedJob, again: Refailure, merges: Merges) -> bool:
    known = row.error_group
    return known is None or merges.whole(known) == merges.whole(again.error_group)


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
    row: TrackedJob,
    place: JobLocation,
    again: Refailure | None,
    now: datetime,
    *,
    settled: bool,
    same_error: bool,
) -> dict[str, Any]:
    if place.taken is not None:
        by = {"settled_by": place.taken.actor, "settled_action": place.taken.action}
        return _settled(tracked_jobs.NO_LONGER_QUEUED, now) | by
    if again is not None:
        state = tracked_jobs.FAILED_AGAIN if same_error else tracked_jobs.FAILED_OTHERWISE
        return _settled(state, now) | {"outcome_seq": again.seq}
    return _missed(row, place, now, settled=settled)


def _missed(row: TrackedJob, place: JobLocation, now: datetime, *, settled: bool) -> dict[str, Any]:
    """Return the changes of a missing job; a `settled` job without a failure was processed."""
    if row.missing_since is None:
        return {"missing_since": now, "next_check_at": now + GRACE}
    if not settled:
        return {"next_check_at": now + GRACE}
    if row.state == tracked_jobs.PROCESSED:
        return {"next_check_at": None}
    if not place.complete:
        return _settled(tracked_jobs.NO_LONGER_QUEUED, now)
    # The time of the first miss is closer to the end of the job than the time of this check.
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


def _is_start(row: TrackedJob, values: Mapping[str, Any]) -> bool:
    """Return whether a worker has reserved or released the job since the last check."""
    return tracked_jobs.changed(row, values).started != row.started


def _publish(
    setup: Setup, connection: Connection, news: Sequence[TrackedJob], now: datetime
) -> None:
    """Edit the messages about these jobs, and reply in their threads."""
    for seq in {row.failed_seq for row in news if row.failed_seq is not None}:
        assignment.touch(connection, seq)
    for number in {row.operation for row in news if row.operation is not None}:
        operation = operations.find(connection, number)
        if operation is not None:
            edit_progress(setup, connection, operation, now)
    requests = {row.request_id for row in news if row.operation is None}
    for request_id, rows in _by_request(connection, requests).items():
        _publish_request(setup, connection, request_id, rows, now)


def _redraw_undo(
    setup: Setup, connection: Connection, rows: Sequence[TrackedJob], now: datetime
) -> None:
    """Edit the messages about jobs that a worker has reserved: the messages must offer no Undo."""
    requests = {row.request_id for row in rows if row.operation is None}
    for request_id, tracked in _by_request(connection, requests).items():
        _edit_request(setup, connection, request_id, tracked, now)


def _by_request(connection: Connection, requests: Collection[str]) -> dict[str, list[TrackedJob]]:
    of_request: dict[str, list[TrackedJob]] = {}
    for row in tracked_jobs.of_requests(connection, requests):
        of_request.setdefault(row.request_id, []).append(row)
    return of_request


def _edit_request(
    setup: Setup, connection: Connection, request_id: str, rows: Sequence[TrackedJob], now: datetime
) -> str | None:
    """Edit the message of a request; return its channel, or None if it has no message."""
    subject = f"request:{request_id}"
    channel = outbox.channel_of(connection, subject)
    if channel is not None:
        context = replace(channel_context(setup, now), request=request_id)
        outcomes = retry_outcomes(connection, rows, now)
        message = request_message(outcomes, rows[0].actor, context)
        outbox.edit(connection, channel, subject, message, now)
    return channel


def _publish_request(
    setup: Setup, connection: Connection, request_id: str, rows: Sequence[TrackedJob], now: datetime
) -> None:
    """Edit the message of a request and, if all outcomes are known or late, reply in its thread."""
    subject = f"request:{request_id}"
    channel = _edit_request(setup, connection, request_id, rows, now)
    if channel is None:
        # Somebody retried the job by a click on an alert, so the reply belongs to that alert.
        incident = assignment.of_failure(connection, rows[0].failed_seq)
        if incident is None or setup.alert_channel is None:
            return
        channel = str(setup.for_queue(incident.queue).alert_channel)
        subject = f"incident:{incident.id}"
    if all(row.is_settled or row.late for row in rows):
        outcomes = retry_outcomes(connection, rows, now)
        reply = reply_message(outcomes, rows[0].actor, channel_context(setup, now))
        outbox.reply(connection, channel, subject, reply, now)


def retry_outcomes(
    connection: Connection, rows: Sequence[TrackedJob], now: datetime
) -> tuple[RetryOutcome, ...]:
    """Return the tracked jobs as messages show them."""
    failures = failure_lookups.by_seqs(
        connection, [row.outcome_seq for row in rows if row.outcome_seq]
    )
    more = subjects.of(connection, [row.failed_seq for row in rows if row.failed_seq])
    outcomes = []
    for row in rows:
        refailure = failures.get(row.outcome_seq or 0)
        outcomes.append(
            RetryOutcome(
                failed_id=row.failed_id,
                job_id=row.retried_as,
                queue=row.queue,
                job_class=row.job_class,
                order_id=row.order_id,
                subjects=more.get(row.failed_seq or 0, {}),
                state=row.state,
                seconds=int(((row.settled_at or now) - row.retried_at).total_seconds()),
                started=row.started,
                late=row.late,
                by=row.settled_by,
                how=row.settled_action,
                again_id=None if refailure is None else refailure["failed_id"],
                error=None if refailure is None else refailure["error"],
                same=row.error_group is not None and row.state == tracked_jobs.FAILED_AGAIN,
            )
        )
    return tuple(outcomes)
