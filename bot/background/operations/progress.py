"""The progress of a bulk change in its message, and its final audit record."""

from datetime import datetime

from sqlalchemy import Connection

from bot.access.roles import Grant
from bot.app.dispatch import request_id
from bot.app.responses import channel_context
from bot.app.setup import Setup
from bot.models.operations import Progress, PutBack
from bot.models.requests import Message
from bot.models.retry_outcomes import Outcomes
from bot.store import outbox
from bot.store.audit import audit_log, chain
from bot.store.failures import error_merges
from bot.store.failures.failure_lookups import by_seqs
from bot.store.operations import (
    batch_digests,
    batches,
    change_freeze,
    operations,
    payload_edits,
    set_aside,
    transitions,
)
from bot.store.operations.operations import Operation, progress_of
from bot.store.operations.retries import outcomes, tracked_jobs
from bot.store.operations.retries.outcomes import OutcomeCounts
from bot.store.operations.retries.tracked_jobs import TrackedJob
from bot.store.operations.undo_batches import undos
from bot.views.operations.progress import progress_message


def with_refused(connection: Connection, progress: Progress) -> Progress:
    """Return the progress with the failed jobs that the database refused to move."""
    if not progress.skipped:
        return progress
    refused = {
        "refused_count": set_aside.count(connection, progress.operation),
        "refused": set_aside.first_of(connection, progress.operation),
    }
    return progress.model_copy(update=refused)


def _put_back(connection: Connection, operation: Operation) -> PutBack | None:
    """Return the count of rows that bulk undos put back, and the last undo's author and time."""
    rows = undos(connection, operation.id)
    if not rows or rows[-1].finished_at is None:
        return None
    count = sum(undo.done for undo in rows)
    return PutBack(by=rows[-1].actor, at=rows[-1].finished_at, count=count)


def edit_progress(
    setup: Setup, connection: Connection, operation: Operation, now: datetime
) -> None:
    """Edit the operation's message to show its progress and its jobs' outcomes."""
    job_outcomes = outcomes_of(connection, operation, now)
    progress = with_refused(connection, progress_of(operation, now, job_outcomes))
    edits = payload_edits.of_operation(connection, operation.id)
    progress = progress.model_copy(update={"edited": edits})
    if operation.state in operations.ACTIVE:
        progress = progress.model_copy(update={"freeze": change_freeze.current(connection)})
    elif operation.action != "undo":
        progress = progress.model_copy(update={"undone": _put_back(connection, operation)})
    message = progress_message(progress, channel_context(setup, now))
    if (channel := _channel(setup, operation)) is not None:
        outbox.edit(connection, channel, _subject(operation), message, now)


def reply(
    setup: Setup, connection: Connection, operation: Operation, message: Message, now: datetime
) -> None:
    """Reply in the thread of the operation's message."""
    if (channel := _channel(setup, operation)) is not None:
        outbox.reply(connection, channel, _subject(operation), message, now)


def _channel(setup: Setup, operation: Operation) -> str | None:
    return operation.channel or setup.audit_channel


def _subject(operation: Operation) -> str:
    return f"request:{operation.request_id}"


def outcomes_of(connection: Connection, operation: Operation, now: datetime) -> Outcomes | None:
    """Return the outcomes of an operation's jobs, or of its canary if only the canary ran."""
    counts = outcomes.of_operation(connection, operation.id)
    canary = tracked_jobs.of_operation(connection, operation.id) if operation.canary else []
    stopped_by = (operation.reason or "").startswith("canary-")
    if counts is not None and counts.waiting is not None and not stopped_by:
        return counted(operation, counts, now)
    return _of_canary(connection, operation, canary, now) if canary else None


def counted(operation: Operation, counts: OutcomeCounts, now: datetime) -> Outcomes:
    """Return the outcomes of an ended operation.

    A job without any other outcome counts as processed.
    """
    removed = counts.put_back + counts.deleted
    ended = operation.done - (counts.waiting or 0) - removed
    failed = min(counts.failed_again + counts.failed_otherwise, max(0, ended))
    otherwise = min(counts.failed_otherwise, failed)
    started_at = operation.started_at or counts.started_at
    return Outcomes(
        processed=max(0, ended - failed),
        failed_again=failed - otherwise,
        failed_otherwise=otherwise,
        waiting=counts.waiting or 0,
        no_longer_queued=removed,
        seconds=int(((counts.settled_at or now) - started_at).total_seconds()),
        state=counts.state,
    )


def _of_canary(
    connection: Connection, operation: Operation, canary: list[TrackedJob], now: datetime
) -> Outcomes:
    states = [row.state for row in canary]
    failed = [row.outcome_seq for row in canary if row.outcome_seq is not None]
    merges = error_merges.read(connection)
    errors = [str(row["error"]) for row in by_seqs(connection, failed).values()]
    return Outcomes(
        processed=states.count(tracked_jobs.PROCESSED),
        failed_again=states.count(tracked_jobs.FAILED_AGAIN),
        failed_otherwise=states.count(tracked_jobs.FAILED_OTHERWISE),
        waiting=states.count(tracked_jobs.WAITING) + states.count(tracked_jobs.STOPPED_FOLLOWING),
        no_longer_queued=states.count(tracked_jobs.NO_LONGER_QUEUED),
        seconds=int((now - (operation.started_at or now)).total_seconds()),
        state=outcomes.FOLLOWING if tracked_jobs.WAITING in states else outcomes.SETTLED,
        canary=len(canary),
        canary_errors=len({merges.whole(row.error_group or 0) for row in canary}),
        error=errors[0] if errors else None,
    )


def end(
    setup: Setup,
    connection: Connection,
    operation: Operation,
    state: str,
    reason: str | None,
    grant: Grant,
) -> bool:
    """Store the final state with its audit record, and edit the message a last time.

    Return False if the operation already ended, is not done, or now runs in another replica.
    """
    now = setup.clock(connection)
    # The operation is locked first: no replica commits a batch while the batches are counted.
    fresh = operations.locked(connection, operation.id)
    if fresh is None or (fresh.state == "running" and fresh.owner != setup.replica):
        return False
    if state == "done" and not batches.all_done(connection, operation, setup.replica):
        return False
    done = operations.moved(connection, operation.id)
    digest = batch_digests.digest_of(connection, operation.id)
    if not transitions.finish(connection, operation, state, reason, now, done=done, digest=digest):
        return False
    ended = operations.find(connection, operation.id) or operation
    chain.write(connection, _record(setup, ended, grant, now), setup.audit_keys)
    outcomes.begin(connection, ended, now)
    edit_progress(setup, connection, ended, now)
    if (before := _undone(connection, ended)) is not None:
        edit_progress(setup, connection, before, now)
    return True


def _undone(connection: Connection, operation: Operation) -> Operation | None:
    """Return the bulk change that this operation has undone, or None."""
    if operation.scope.undo is None or not operation.done:
        return None
    return operations.find(connection, operation.scope.undo)


def _record(setup: Setup, operation: Operation, grant: Grant, now: datetime) -> audit_log.Record:
    return audit_log.Record(
        at=now,
        request_id=request_id("ended", operation.request_id),
        actor=operation.actor,
        team=operation.team,
        detail=operation.detail,
        source=operation.source,
        role=grant.role.word,
        rule=grant.rule,
        action=operation.action,
        arguments={
            "operation": operation.id,
            "total": operation.total,
            "done": operation.done,
            "skipped": operation.skipped,
            "items_digest": operation.items_digest,
            **operations.way_of(operation),
        },
        channel=operation.channel,
        outcome=operation.state,
        reason=operation.reason,
        answer=_sentence(setup, operation, now),
        version=setup.version,
        replica=setup.replica,
    )


def _sentence(setup: Setup, operation: Operation, now: datetime) -> str:
    finished = setup.commands[operation.action].finished
    if finished is None:
        return ""
    return finished(progress_of(operation, now)).message or ""
