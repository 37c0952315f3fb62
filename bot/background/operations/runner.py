"""Run bulk changes in batches, in any replica, until they are done, cancelled or stopped."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.access.roles import Grant
from bot.app.setup import Setup
from bot.background.operations.batch_workers import BATCH_SECONDS, LANES, BatchWorkers, granted
from bot.background.operations.progress import edit_progress, end
from bot.database.errors import error_number
from bot.database.transactions import changing, reading, time_limit
from bot.failpoints import reach
from bot.models.operations import Progress
from bot.models.refusals import Frozen, NotAllowed, Refusal, Unverifiable
from bot.models.roles import Role
from bot.store.audit import chain
from bot.store.operations import change_freeze, operations, transitions
from bot.store.operations.batches import rows_of
from bot.store.operations.operations import Operation, progress_of

log = structlog.get_logger(__name__)

T = TypeVar("T")

EDIT_EVERY = timedelta(seconds=3)
TURN_SECONDS = 3.0
"""The time of a turn; each turn ends with an edit of the progress and a cancellation check."""
# An operation stops after this many failed batches in a row; otherwise it would fail forever.
TRIES = 20
FAILED = "batch-failed"
"""The reason of a stop after `TRIES` failures if the error has no code."""
ASK_AGAIN = timedelta(seconds=10)
DOUBT_ENDS = timedelta(minutes=10)
"""How long an operation waits until Slack confirms the person's role; a try every 10 s."""
PATIENCE = 120.0
"""How long a terminal waits for an operation without progress, in seconds."""

NOBODY = Grant(Role.NONE, "none")

_pause = threading.Event().wait


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Since when the role of an operation's person is unknown; check again at `again`."""

    since: datetime
    again: datetime


@dataclass
class Runner:
    """Runs this replica's bulk changes, at most `rows` in a batch; None: `rows_of`.

    A turn takes `seconds` and has `lanes` batch workers. Each batch worker runs one batch if
    `seconds` is 0. The runner remembers unknown roles and counts failures in a row. Another replica
    that takes over starts to count at 0. `patience` is in seconds.
    """

    setup: Setup
    rows: int | None = None
    lanes: int = LANES
    seconds: float = TURN_SECONDS
    patience: float = PATIENCE
    _edited_at: datetime | None = None
    _failed: tuple[int, int] = (0, 0)
    _doubts: dict[int, _Doubt] = field(default_factory=dict)
    _frozen: set[int] = field(default_factory=set)
    _now: datetime = datetime.min  # noqa: DTZ901 naive UTC, until the database's time is read

    def run_once(self) -> bool:
        """Run one turn of one operation; return False if nothing can run now."""
        operation = self._take()
        return operation is not None and self._advance(operation)

    def _take(self) -> Operation | None:
        """Return the next operation; skip operations that wait for Slack."""
        setup = self.setup

        def take(connection: Connection) -> Operation | None:
            self._now = now = setup.clock(connection)
            # A replica without the active key could not record the end of an operation.
            chain.signing_key(connection, setup.audit_keys)
            postponed = [id_ for id_, doubt in self._doubts.items() if now < doubt.again]
            return transitions.take(connection, setup.replica, now, postponed)

        return self._change(take)

    def _advance(self, operation: Operation) -> bool:
        setup = self.setup
        doubt = self._doubts.get(operation.id)
        if operation.state == "cancelling":
            self._finish(operation, "cancelled", None, _grant_now(setup, operation))
            return True
        if doubt is not None and self._now < doubt.again:
            return False
        moved, drained = True, False
        try:
            self._change(change_freeze.require_none)
            grant = granted(setup, operation)
            drained = self._turn(operation)
        except Frozen:
            moved, grant = self._pause_frozen(operation), NOBODY
        except Unverifiable as refusal:
            return self._wait(operation, refusal)
        except NotAllowed as refusal:
            self._finish(operation, "stopped", refusal.code, NOBODY)
            return True
        except Exception as error:  # noqa: BLE001 any error counts, so that none repeats forever
            return self._count_failure(operation, error)
        self._failed = (0, 0)
        self._doubts.pop(operation.id, None)
        if moved:
            self._frozen.discard(operation.id)
        if drained:
            self._finish(operation, "done", None, grant)
        return moved

    def _pause_frozen(self, operation: Operation) -> bool:
        """Wait for the end of a change freeze, which counts as no failure.

        The operation's message is edited once to show the change freeze.
        """
        if operation.id not in self._frozen:
            self._frozen.add(operation.id)
            self._edited_at = None
            self._change(lambda connection: self._edit(connection, operation))
        return False

    def _turn(self, operation: Operation) -> bool:
        """Run the batch workers for one turn and edit the progress.

        Return True if no batch is left to claim.
        """
        rows = self.rows or rows_of(operation)
        workers = BatchWorkers(self.setup, operation, rows, self.seconds)
        # With two batch workers, each worker could treat the other worker's canary batch as
        # unfinished. The operation would then continue without waiting.
        is_canary = operation.canary is not None and operation.done < operation.canary
        try:
            return workers.run(1 if is_canary else self.lanes)
        finally:
            self._change(lambda connection: self._edit(connection, operation))

    def _edit(self, connection: Connection, operation: Operation) -> None:
        now = self.setup.clock(connection)
        fresh = operations.find(connection, operation.id)
        due = self._edited_at is None or now - self._edited_at >= EDIT_EVERY
        if fresh is None or fresh.state not in operations.ACTIVE:
            return
        if due or fresh.state == "waiting":
            self._edited_at = now
            edit_progress(self.setup, connection, fresh, now)

    def _change(self, work: Callable[[Connection], T]) -> T:
        return changing(self.setup.engine, time_limit(self.setup.engine, BATCH_SECONDS), work)

    def run_to_end(self, started: Progress) -> Progress:
        """Run one operation in this process, for the terminal; return its last progress.

        If the operation makes no progress for `patience`, return the last known progress and state.
        A replica of the bot then continues the operation.
        """
        progress, until = started, monotonic() + self.patience
        while True:
            moved = False
            try:
                operation = self._read(started.operation)
                current = progress_of(operation, self._now)
                if operation.state not in operations.ACTIVE:
                    return current
                if (current.done, current.state) != (progress.done, progress.state):
                    until = monotonic() + self.patience
                progress = current
                # A terminal runs only its own operations: it cannot verify roles of Slack users.
                is_own = operation.owner == self.setup.replica and operation.state != "waiting"
                moved = is_own and self._advance(operation)
            except Exception as error:  # noqa: BLE001 the progress so far must be returned
                _log_failure(started.operation, error)
            if moved:
                continue
            if monotonic() >= until:
                return progress
            _pause(0.2)

    def _read(self, number: int) -> Operation:
        with reading(self.setup.engine, time_limit(self.setup.engine, BATCH_SECONDS)) as connection:
            operation = operations.find(connection, number)
            self._now = self.setup.clock(connection)
        if operation is None:
            raise LookupError(number)
        return operation

    def _wait(self, operation: Operation, refusal: Unverifiable) -> bool:
        """Postpone the operation until Slack can confirm the role, for at most `DOUBT_ENDS`."""
        doubt = self._doubts.get(operation.id)
        since = self._now if doubt is None else doubt.since
        if self._now - since >= DOUBT_ENDS:
            self._finish(operation, "stopped", refusal.code, NOBODY)
            self._doubts.pop(operation.id, None)
            return True
        self._doubts[operation.id] = _Doubt(since, self._now + ASK_AGAIN)
        _log_failure(operation.id, refusal)
        return False

    def _count_failure(self, operation: Operation, error: Exception) -> bool:
        """Count a failed batch, which is tried again up to `TRIES` times."""
        number, times = self._failed
        times = times + 1 if number == operation.id else 1
        self._failed = (operation.id, times)
        _log_failure(operation.id, error)
        if times < TRIES:
            return False
        log.error("operation stopped", operation=operation.id, exc_info=error)
        reason = error.code if isinstance(error, Refusal) else FAILED
        self._finish(operation, "stopped", reason, _grant_now(self.setup, operation))
        self._failed = (0, 0)
        return True

    def _finish(self, operation: Operation, state: str, reason: str | None, grant: Grant) -> None:
        """Store the final state with its audit record, and edit the message a last time."""
        self._change(
            lambda connection: end(self.setup, connection, operation, state, reason, grant)
        )
        reach("operation-finished")


def _grant_now(setup: Setup, operation: Operation) -> Grant:
    """Return the person's current grant for the audit record; ending an operation needs no role."""
    try:
        return granted(setup, operation)
    except Refusal:
        return NOBODY


def _log_failure(operation: int, error: Exception) -> None:
    because = error.code if isinstance(error, Refusal) else type(error).__name__
    # A refusal such as "busy" has the server's error as its cause.
    errors = [one for one in (error, error.__cause__) if isinstance(one, DBAPIError)]
    codes = {"server_code": error_number(errors[0])} if errors and error_number(errors[0]) else {}
    log.warning("batch failed", operation=operation, because=because, **codes)
