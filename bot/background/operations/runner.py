"""Bulk changes at work: batch after batch, by any replica, until done, cancelled or stopped."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from bot.access.roles import Grant
from bot.app.command import Setup
from bot.background.operations.batch_workers import BATCH_SECONDS, LANES, BatchWorkers, granted
from bot.background.operations.progress import end, progress_of, tell
from bot.database.transactions import changing, reading, time_limit
from bot.failpoints import reach
from bot.models.operations import Progress
from bot.models.refusals import Frozen, NotAllowed, Refusal, Unverifiable
from bot.models.roles import Role
from bot.queue.bulk import BATCH_ROWS
from bot.store.operations import change_freeze, operations
from bot.store.operations.operations import Operation

log = structlog.get_logger(__name__)

T = TypeVar("T")

EDIT_EVERY = timedelta(seconds=3)
TURN_SECONDS = 3.0
"""How long batches follow each other before the progress is told and a cancel is looked for."""
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

    since: datetime
    again: datetime


@dataclass
class Runner:
    """Carries out this replica's bulk changes, at most `rows` in a batch.

    Every turn of so many `seconds` has several `lanes` of batches at work; with 0 seconds each lane
    carries out one. What it remembers saves it questions, and counts what went wrong in a row;
    another replica that takes over begins to count anew. `patience` is in seconds.
    """

    setup: Setup
    rows: int = BATCH_ROWS
    lanes: int = LANES
    seconds: float = TURN_SECONDS
    patience: float = PATIENCE
    _edited_at: datetime | None = None
    _failed: tuple[int, int] = (0, 0)
    _doubts: dict[int, _Doubt] = field(default_factory=dict)
    _standing: set[int] = field(default_factory=set)
    _now: datetime = datetime.min  # noqa: DTZ901 naive UTC, until the database says its own

    def run_once(self) -> bool:
        """Give one operation a turn; False where nothing can be done now."""
        operation = self._take()
        return operation is not None and self._go_on(operation)

    def _take(self) -> Operation | None:
        """The operation to go on with; those that wait for Slack let others pass."""
        setup = self.setup

        def take(connection: Connection) -> Operation | None:
            self._now = now = setup.clock(connection)
            passing = [id_ for id_, doubt in self._doubts.items() if now < doubt.again]
            return operations.take(connection, setup.replica, now, passing)

        return self._change(take)

    def _go_on(self, operation: Operation) -> bool:
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
            moved, grant = self._stand(operation), NOBODY
        except Unverifiable as refusal:
            return self._wait(operation, refusal)
        except NotAllowed as refusal:
            self._finish(operation, "stopped", refusal.code, NOBODY)
            return True
        except Exception as error:  # noqa: BLE001 whatever it is, it must not go on for ever
            return self._count(operation, error)
        self._failed = (0, 0)
        self._doubts.pop(operation.id, None)
        if moved:
            self._standing.discard(operation.id)
        if drained:
            self._finish(operation, "done", None, grant)
        return moved

    def _stand(self, operation: Operation) -> bool:
        """Wait, between two batches, until changes are allowed again; told once, never counted."""
        if operation.id not in self._standing:
            self._standing.add(operation.id)
            self._edited_at = None
            self._change(lambda connection: self._tell(connection, operation))
        return False

    def _turn(self, operation: Operation) -> bool:
        """Let the lanes work for a while, and tell how far they came; True where all is claimed."""
        lanes = BatchWorkers(self.setup, operation, self.rows, self.seconds)
        alone = operation.canary is not None and operation.done == 0
        try:
            return lanes.run(1 if alone else self.lanes)
        finally:
            self._change(lambda connection: self._tell(connection, operation))

    def _tell(self, connection: Connection, operation: Operation) -> None:
        now = self.setup.clock(connection)
        fresh = operations.find(connection, operation.id)
        due = self._edited_at is None or now - self._edited_at >= EDIT_EVERY
        if fresh is None or fresh.state not in operations.ACTIVE:
            return
        if due or fresh.state == "waiting":
            self._edited_at = now
            tell(self.setup, connection, fresh, now)

    def _change(self, work: Callable[[Connection], T]) -> T:
        return changing(self.setup.engine, time_limit(self.setup.engine, BATCH_SECONDS), work)

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
                mine = found.owner == self.setup.replica and found.state != "waiting"
                moved = mine and self._go_on(found)
            except Exception as error:  # noqa: BLE001 what was done is done, and has to be told
                _log_failure(begun.operation, error)
            if moved:
                continue
            if monotonic() >= until:
                return last
            _pause(0.2)

    def _look(self, operation: int) -> Operation:
        with reading(self.setup.engine, time_limit(self.setup.engine, BATCH_SECONDS)) as connection:
            found = operations.find(connection, operation)
            self._now = self.setup.clock(connection)
        if found is None:
            raise LookupError(operation)
        return found

    def _wait(self, operation: Operation, refusal: Unverifiable) -> bool:
        """Keep the operation until Slack can say what its person may do, but not for ever."""
        doubt = self._doubts.get(operation.id)
        since = self._now if doubt is None else doubt.since
        if self._now - since >= DOUBT_ENDS:
            self._finish(operation, "stopped", refusal.code, NOBODY)
            self._doubts.pop(operation.id, None)
            return True
        self._doubts[operation.id] = _Doubt(since, self._now + ASK_AGAIN)
        _log_failure(operation.id, refusal)
        return False

    def _count(self, operation: Operation, error: Exception) -> bool:
        """Let a batch that failed be tried again, so many times."""
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
        """Write the one terminal record and the message's last state, with the state itself."""
        self._change(
            lambda connection: end(self.setup, connection, operation, state, reason, grant)
        )
        reach("operation-finished")


def _grant_now(setup: Setup, operation: Operation) -> Grant:
    """The same for the record of an end that needs no role."""
    try:
        return granted(setup, operation)
    except Refusal:
        return NOBODY


def _log_failure(operation: int, error: Exception) -> None:
    because = error.code if isinstance(error, Refusal) else type(error).__name__
    log.warning("batch failed", operation=operation, because=because)
