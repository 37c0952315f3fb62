"""Bulk changes at work: batch after batch, by any replica, until done, cancelled or stopped."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import structlog
from sqlalchemy import Connection

from bot.answers import channel_context
from bot.dispatch import may, request_id
from bot.errors import Busy, DatabaseDown, OutcomeUnknown, Refusal
from bot.failpoints import reach
from bot.ledger import audit, batches, operations, outbox
from bot.ledger.model import Progress
from bot.ledger.operations import Operation
from bot.model import Actor, Invocation, Source
from bot.queue.bulk import BATCH_ROWS
from bot.queue.database import changing, reading
from bot.registry import Setup
from bot.views.bulk import progress_message

log = structlog.get_logger(__name__)

BATCH_SECONDS = 30.0
EDIT_EVERY = timedelta(seconds=3)
TAKE_EVERY = 1.0
# A batch that fails this often in a row ends the operation: it would fail for ever.
TRIES = 20


_pause = threading.Event().wait


@dataclass
class Runner:
    """Carries out this replica's bulk changes, at most `rows` in a batch.

    What it remembers only saves it questions.
    """

    setup: Setup
    rows: int = BATCH_ROWS
    _edited_at: datetime | None = None
    _failed: int = 0
    _held: Operation | None = None
    _held_until: float = 0.0

    def run_once(self) -> bool:
        """Carry out one batch of an operation; False where there is nothing to do."""
        setup = self.setup
        operation = self._take()
        if operation is None:
            return False
        if operation.state == "cancelling":
            self._finish(operation, "cancelled", None)
            return True
        try:
            may(setup, _invocation(operation), setup.commands[operation.action].need)
        except Refusal as refusal:
            self._finish(operation, "stopped", refusal.code)
            return True
        self._batch(operation)
        return True

    def _take(self) -> Operation | None:
        """The operation to go on with; asked for once a second, since each batch asks too.

        A batch runs only while the operation does and nobody else has it.
        """
        if self._held is not None and monotonic() < self._held_until:
            return self._held
        setup = self.setup
        self._held = changing(
            setup.engine,
            monotonic() + BATCH_SECONDS,
            lambda connection: operations.take(connection, setup.replica, setup.clock(connection)),
        )
        self._held_until = monotonic() + TAKE_EVERY
        return self._held

    def run_to_end(self, operation: int) -> Progress:
        """Carry out one operation in this process, for the terminal; returns how it ended."""
        while True:
            with reading(self.setup.engine) as connection:
                found = operations.find(connection, operation)
                now = self.setup.clock(connection)
            if found is None:
                raise LookupError(operation)
            if found.state not in operations.ACTIVE:
                return progress_of(found, now)
            if not self.run_once():
                # Another replica is at it.
                _pause(0.2)

    def _batch(self, operation: Operation) -> None:
        setup = self.setup

        def work(connection: Connection) -> int:
            now = setup.clock(connection)
            fresh = operations.find(connection, operation.id)
            if fresh is None or fresh.state != "running":
                return -1
            rows = batches.advance(connection, setup.queue, fresh, setup.replica, now, self.rows)
            reach("batch-moved")
            due = self._edited_at is None or now - self._edited_at >= EDIT_EVERY
            if rows and due:
                self._edited_at = now
                moved = operations.find(connection, operation.id)
                self._edit(connection, moved or fresh, now)
            return rows

        try:
            rows = changing(setup.engine, monotonic() + BATCH_SECONDS, work)
        except (Busy, DatabaseDown, OutcomeUnknown) as refusal:
            self._held = None
            self._failed += 1
            log.warning("batch failed", operation=operation.id, because=refusal.code)
            if self._failed >= TRIES:
                self._failed = 0
                self._finish(operation, "stopped", refusal.code)
            return
        reach("batch-committed")
        self._failed = 0
        if rows <= 0:
            self._held = None
        if rows == 0:
            self._finish(operation, "done", None)

    def _finish(self, operation: Operation, state: str, reason: str | None) -> None:
        """Write the one terminal record and the message's last state, with the state itself."""
        setup = self.setup
        self._held = None

        def work(connection: Connection) -> None:
            now = setup.clock(connection)
            if not operations.finish(connection, operation, state, reason, now):
                return
            ended = operations.find(connection, operation.id) or operation
            audit.write(connection, _record(setup, ended, now))
            self._edit(connection, ended, now)

        changing(setup.engine, monotonic() + BATCH_SECONDS, work)
        reach("operation-finished")

    def _edit(self, connection: Connection, operation: Operation, now: datetime) -> None:
        message = progress_message(progress_of(operation, now), channel_context(self.setup, now))
        channel = operation.channel or self.setup.audit_channel
        if channel is not None:
            outbox.edit(connection, channel, f"request:{operation.request_id}", message, now)


def progress_of(operation: Operation, now: datetime) -> Progress:
    """How far an operation is, as views show it."""
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
    )


def _invocation(operation: Operation) -> Invocation:
    actor = Actor(operation.actor, operation.team, Source(operation.source), operation.detail)
    return Invocation(actor, operation.request_id, float("inf"), operation.channel)


def _record(setup: Setup, operation: Operation, now: datetime) -> audit.Record:
    return audit.Record(
        at=now,
        request_id=request_id("ended", operation.request_id),
        actor=operation.actor,
        team=operation.team,
        detail=operation.detail,
        source=operation.source,
        role="admin",
        rule="operation",
        action=operation.action,
        arguments={
            "operation": operation.id,
            "total": operation.total,
            "done": operation.done,
            "skipped": operation.skipped,
            "items_digest": operation.items_digest,
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
