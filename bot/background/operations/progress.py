"""A bulk change as its message and its last record tell it."""

from datetime import datetime

from sqlalchemy import Connection

from bot.access.roles import Grant
from bot.app.command import Setup
from bot.app.dispatch import request_id
from bot.app.responses import channel_context
from bot.models.operations import Outcomes, Progress, PutBack
from bot.models.requests import Message
from bot.store import outbox
from bot.store.audit import audit_log
from bot.store.failures.index import by_seqs
from bot.store.operations import batches, change_freeze, operations, set_aside
from bot.store.operations.operations import Operation
from bot.store.operations.retries import outcomes, tracked_jobs
from bot.store.operations.retries.outcomes import OutcomeCounts
from bot.store.operations.retries.tracked_jobs import TrackedJob
from bot.store.operations.undo_batches import undos
from bot.views.operations.progress import progress_message


def progress_of(operation: Operation, now: datetime, told: Outcomes | None = None) -> Progress:
    """How far an operation is, as views show it; `told` is what became of its jobs."""
    started = operation.started_at or now
    return Progress(
        operation=operation.id,
        action=operation.action,
        state=operation.state,
        total=operation.total,
        done=operation.done,
        skipped=operation.skipped,
        actor=operation.actor,
        seconds=int(((operation.finished_at or now) - started).total_seconds()),
        reason=operation.reason,
        kept=operation.archive,
        outcomes=told,
        rate=operation.rate,
    )


def with_refused(connection: Connection, progress: Progress) -> Progress:
    """The same with the failed jobs that the database refused to move."""
    if not progress.skipped:
        return progress
    refused = {
        "refused_count": set_aside.count(connection, progress.operation),
        "refused": set_aside.first_of(connection, progress.operation),
    }
    return progress.model_copy(update=refused)


def _put_back(connection: Connection, operation: Operation) -> PutBack | None:
    """What bulk undos have put back of an operation that has ended; the last of them by whom."""
    found = undos(connection, operation.id)
    if not found or found[-1].finished_at is None:
        return None
    count = sum(undo.done for undo in found)
    return PutBack(by=found[-1].actor, at=found[-1].finished_at, count=count)


def tell(setup: Setup, connection: Connection, operation: Operation, now: datetime) -> None:
    """Let the operation's message say how far it is and what became of its jobs."""
    told = outcomes_of(connection, operation, now)
    progress = with_refused(connection, progress_of(operation, now, told))
    if operation.state in operations.ACTIVE:
        progress = progress.model_copy(update={"freeze": change_freeze.current(connection)})
    elif operation.action != "undo":
        progress = progress.model_copy(update={"undone": _put_back(connection, operation)})
    message = progress_message(progress, channel_context(setup, now))
    if (channel := _channel(setup, operation)) is not None:
        outbox.edit(connection, channel, _subject(operation), message, now)


def answer(
    setup: Setup, connection: Connection, operation: Operation, message: Message, now: datetime
) -> None:
    """Say something in the thread of the operation's message."""
    if (channel := _channel(setup, operation)) is not None:
        outbox.reply(connection, channel, _subject(operation), message, now)


def _channel(setup: Setup, operation: Operation) -> str | None:
    return operation.channel or setup.audit_channel


def _subject(operation: Operation) -> str:
    return f"request:{operation.request_id}"


def outcomes_of(connection: Connection, operation: Operation, now: datetime) -> Outcomes | None:
    """What became of the jobs of an operation, or of its canary while that is what matters."""
    seen = outcomes.of_operation(connection, operation.id)
    canary = tracked_jobs.of_operation(connection, operation.id) if operation.canary else []
    stopped_by = (operation.reason or "").startswith("canary-")
    if seen is not None and seen.waiting is not None and not stopped_by:
        return counted(operation, seen, now)
    return _of_canary(connection, operation, canary, now) if canary else None


def counted(operation: Operation, seen: OutcomeCounts, now: datetime) -> Outcomes:
    """The counts of an operation that has ended; what is not known to have ended otherwise ran."""
    gone = seen.put_back + seen.deleted
    left = operation.done - (seen.waiting or 0) - gone
    failed = min(seen.failed_again + seen.failed_otherwise, max(0, left))
    otherwise = min(seen.failed_otherwise, failed)
    began = operation.started_at or seen.started_at
    return Outcomes(
        processed=max(0, left - failed),
        failed_again=failed - otherwise,
        failed_otherwise=otherwise,
        waiting=seen.waiting or 0,
        no_longer_queued=gone,
        seconds=int(((seen.settled_at or now) - began).total_seconds()),
        state=seen.state,
    )


def _of_canary(
    connection: Connection, operation: Operation, canary: list[TrackedJob], now: datetime
) -> Outcomes:
    states = [row.state for row in canary]
    failed = [row.outcome_seq for row in canary if row.outcome_seq is not None]
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
    """Write the one terminal record and the message's last state, with the state itself.

    False where the operation had ended before, is not done as it seemed, or runs elsewhere by now.
    """
    now = setup.clock(connection)
    # Held from before its batches are counted: none of another replica's can commit in between.
    fresh = operations.locked(connection, operation.id)
    if fresh is None or (fresh.state == "running" and fresh.owner != setup.replica):
        return False
    if state == "done" and not batches.all_done(connection, operation, setup.replica):
        return False
    done = operations.moved(connection, operation.id)
    digest = batches.digest_of(connection, operation.id)
    if not operations.finish(connection, operation, state, reason, now, done=done, digest=digest):
        return False
    ended = operations.find(connection, operation.id) or operation
    audit_log.write(connection, _record(setup, ended, grant, now))
    outcomes.begin(connection, ended, now)
    tell(setup, connection, ended, now)
    if (before := _undone(connection, ended)) is not None:
        tell(setup, connection, before, now)
    return True


def _undone(connection: Connection, operation: Operation) -> Operation | None:
    """The bulk change of which an undo that has ended put something back."""
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
