"""Bulk changes at work: batch after batch, by any replica, until done, cancelled or stopped."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import structlog
from sqlalchemy import Connection

from bot.access.roles import Grant, check_queue
from bot.answers import channel_context
from bot.dispatch import may, request_id
from bot.errors import Denied, Refusal, Unverifiable
from bot.failpoints import reach
from bot.ledger import audit, batches, operations, outbox
from bot.ledger.model import Progress
from bot.ledger.operations import Operation
from bot.model import Actor, Invocation, Role, Source
from bot.plans import ALL_QUEUES
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
FAILED = "batch-failed"
"""The reason of an operation that ended so, where the failure has no code of its own."""
ASK_AGAIN = timedelta(seconds=10)
DOUBT_ENDS = timedelta(minutes=10)
"""How long an operation waits for Slack to say what its person may do; asked every ten seconds."""
PATIENCE = 120.0
"""How long a terminal stays with an operation that does not move, in seconds."""

NOBODY = Grant(Role.NONE, "none")

_pause = threading.Event().wait


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Since when nobody can say what the person of an operation may do; ask again at `again`."""

    operation: int
    since: datetime
    again: datetime


@dataclass
class Runner:
    """Carries out this replica's bulk changes, at most `rows` in a batch.

    What it remembers saves it questions, and counts what went wrong in a row; another replica that
    takes over begins to count anew. `patience` is in seconds.
    """

    setup: Setup
    rows: int = BATCH_ROWS
    patience: float = PATIENCE
    _edited_at: datetime | None = None
    _failed: tuple[int, int] = (0, 0)
    _doubt: _Doubt | None = None
    _held: Operation | None = None
    _held_until: float = 0.0
    _now: datetime = datetime.min  # noqa: DTZ901 naive UTC, until the database says its own

    def run_once(self) -> bool:
        """Carry out one batch of an operation; False where nothing can be done now."""
        operation = self._take()
        return operation is not None and self._go_on(operation)

    def _go_on(self, operation: Operation) -> bool:
        setup = self.setup
        doubt = self._doubt
        if operation.state == "cancelling":
            self._finish(operation, "cancelled", None, _grant_now(setup, operation))
            return True
        if doubt is not None and doubt.operation == operation.id and self._now < doubt.again:
            self._held = None
            return False
        try:
            grant = _granted(setup, operation)
            rows = self._batch(operation)
        except Unverifiable as refusal:
            return self._wait(operation, refusal)
        except Denied as refusal:
            self._finish(operation, "stopped", refusal.code, NOBODY)
            return True
        except Exception as error:  # noqa: BLE001 whatever it is, it must not go on for ever
            return self._count(operation, error)
        self._failed, self._doubt = (0, 0), None
        if rows <= 0:
            self._held = None
        if rows == 0:
            self._finish(operation, "done", None, grant)
        return True

    def _take(self) -> Operation | None:
        """The operation to go on with; asked for once a second, since each batch asks too.

        A batch runs only while the operation does and nobody else has it.
        """
        if self._held is not None and monotonic() < self._held_until:
            return self._held
        setup = self.setup

        def take(connection: Connection) -> Operation | None:
            self._now = setup.clock(connection)
            return operations.take(connection, setup.replica, self._now)

        self._held = changing(setup.engine, monotonic() + BATCH_SECONDS, take)
        self._held_until = monotonic() + TAKE_EVERY
        return self._held

    def run_to_end(self, begun: Progress) -> Progress:
        """Carry out one operation in this process, for the terminal; returns how it ended.

        Where it does not move for the runner's patience: how far it was when last seen, in the
        state it had. A replica of the bot goes on with it then.
        """
        last, until = begun, monotonic() + self.patience
        while True:
            moved = False
            try:
                found = self._look(begun.operation)
                seen = progress_of(found, self._now)
                if found.state not in operations.ACTIVE:
                    return seen
                if (seen.done, seen.state) != (last.done, last.state):
                    until = monotonic() + self.patience
                last = seen
                # Only its own: of a person in Slack a terminal cannot ask what they may do.
                moved = found.owner == self.setup.replica and self._go_on(found)
            except Exception as error:  # noqa: BLE001 what was done is done, and has to be told
                _log_failure(begun.operation, error)
            if moved:
                continue
            if monotonic() >= until:
                return last
            _pause(0.2)

    def _look(self, operation: int) -> Operation:
        with reading(self.setup.engine, monotonic() + BATCH_SECONDS) as connection:
            found = operations.find(connection, operation)
            self._now = self.setup.clock(connection)
        if found is None:
            raise LookupError(operation)
        return found

    def _wait(self, operation: Operation, refusal: Unverifiable) -> bool:
        """Keep the operation until Slack can say what its person may do, but not for ever."""
        doubt = self._doubt
        same = doubt is not None and doubt.operation == operation.id
        since = doubt.since if doubt is not None and same else self._now
        self._held = None
        if self._now - since >= DOUBT_ENDS:
            self._finish(operation, "stopped", refusal.code, NOBODY)
            self._doubt = None
            return True
        self._doubt = _Doubt(operation.id, since, self._now + ASK_AGAIN)
        _log_failure(operation.id, refusal)
        return False

    def _count(self, operation: Operation, error: Exception) -> bool:
        """Let a batch that failed be tried again, so many times."""
        number, times = self._failed
        times = times + 1 if number == operation.id else 1
        self._held, self._failed = None, (operation.id, times)
        _log_failure(operation.id, error)
        if times < TRIES:
            return False
        log.error("operation stopped", operation=operation.id, exc_info=error)
        reason = error.code if isinstance(error, Refusal) else FAILED
        self._finish(operation, "stopped", reason, _grant_now(self.setup, operation))
        self._failed = (0, 0)
        return True

    def _batch(self, operation: Operation) -> int:
        """How many rows were in the batch; -1 where it is not this replica's turn any more."""
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

        rows = changing(setup.engine, monotonic() + BATCH_SECONDS, work)
        reach("batch-committed")
        return rows

    def _finish(self, operation: Operation, state: str, reason: str | None, grant: Grant) -> None:
        """Write the one terminal record and the message's last state, with the state itself."""
        setup = self.setup
        self._held = None

        def work(connection: Connection) -> None:
            now = setup.clock(connection)
            if not operations.finish(connection, operation, state, reason, now):
                return
            ended = operations.find(connection, operation.id) or operation
            audit.write(connection, _record(setup, ended, grant, now))
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


def _granted(setup: Setup, operation: Operation) -> Grant:
    """What the person may do at this moment; `Denied` where it is not enough for the operation."""
    queue = operation.scope.queue
    check_queue(setup.rules, ALL_QUEUES if queue is None else queue)
    return may(setup, _invocation(operation), setup.commands[operation.action].need)


def _grant_now(setup: Setup, operation: Operation) -> Grant:
    """The same for the record of an end that needs no role."""
    try:
        return _granted(setup, operation)
    except Refusal:
        return NOBODY


def _log_failure(operation: int, error: Exception) -> None:
    because = error.code if isinstance(error, Refusal) else type(error).__name__
    log.warning("batch failed", operation=operation, because=because)


def _record(setup: Setup, operation: Operation, grant: Grant, now: datetime) -> audit.Record:
    return audit.Record(
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
