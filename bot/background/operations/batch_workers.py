"""The batches of one operation at work side by side, for one turn."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar

from sqlalchemy import Connection

from bot.access.roles import Grant, check_queue
from bot.app.command import Setup
from bot.app.dispatch import may
from bot.app.plans import ALL_QUEUES, need_of
from bot.database.dialects import is_sqlite
from bot.database.transactions import changing, time_limit
from bot.failpoints import reach
from bot.models.refusals import Refusal
from bot.models.requests import Actor, Invocation, Source
from bot.store.operations import batches, change_freeze, execute, operations
from bot.store.operations.batches import Batch, NotOurs
from bot.store.operations.operations import Operation

T = TypeVar("T")

BATCH_SECONDS = 30.0
LANES = 2
"""Two batches at once: while the server writes one to its log, it moves the rows of the other."""
AHEAD = 2
"""A lane claims so many batches at once. A range that is locked ends with a look at the row behind
it, so that a lane that has only begun there would have it wait."""

ENTER_SECONDS = 0.1
BEAT_SECONDS = 5.0
"""A turn of slow batches says so often that it is alive: another replica waits for 15 s."""


@dataclass
class BatchWorkers:
    """One turn of an operation: batches of up to `rows` for so many `seconds`, one at least."""

    setup: Setup
    operation: Operation
    rows: int
    seconds: float
    _left: deque[Batch] = field(default_factory=deque)
    _claiming: threading.Lock = field(default_factory=threading.Lock)
    _entering: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(1))

    def run(self, lanes: int) -> bool:
        """Work in so many lanes; True where nothing is left to claim.

        Raises what the first lane that failed did; by then all of them have ended.
        """
        try:
            self._left.extend(self._change(self._left_behind))
        except NotOurs:
            return False
        if is_sqlite(self.setup.engine):
            lanes = 1  # it has one writer at a time
        until = monotonic() + self.seconds
        with ThreadPoolExecutor(lanes, thread_name_prefix="lane") as pool:
            ended = [pool.submit(self._lane, until) for _ in range(lanes)]
            while wait(ended, BEAT_SECONDS).not_done:
                with suppress(Refusal):  # it is tried again, and the batches go on meanwhile
                    self._change(self._beat)
        drained = [lane.result() for lane in ended]
        return all(drained)

    def _lane(self, until: float) -> bool:
        """Batch after batch; True where nothing is left to claim."""
        try:
            while True:
                claimed = self._next()
                if not claimed:
                    return True
                for batch in claimed:
                    granted(self.setup, self.operation)
                    self._carry_out(batch)
                    if monotonic() >= until + BEAT_SECONDS:
                        return False  # what is claimed waits for the next turn
                if monotonic() >= until:
                    return False
        except NotOurs:
            return False

    def _next(self) -> list[Batch]:
        try:
            return [self._left.popleft()]
        except IndexError:
            with self._claiming:
                claimed = self._change(self._claim)
        reach("batch-claimed")
        return claimed

    def _beat(self, connection: Connection) -> None:
        setup = self.setup
        operations.beat(connection, self.operation, setup.replica, setup.clock(connection))

    def _left_behind(self, connection: Connection) -> list[Batch]:
        setup = self.setup
        return batches.left_behind(
            connection, self.operation, setup.replica, setup.clock(connection)
        )

    def _claim(self, connection: Connection) -> list[Batch]:
        setup = self.setup
        now = setup.clock(connection)
        ahead = AHEAD if self.seconds else 1
        return batches.claim(connection, self.operation, setup.replica, now, self.rows, ahead)

    def _carry_out(self, batch: Batch) -> None:
        setup = self.setup
        entered = False

        def enter() -> None:
            # Workers wait for what is not committed: for the rows of one lane, not of each in turn.
            # Not for ever, since the other lane may wait for a row that this one has locked.
            nonlocal entered
            entered = entered or self._entering.acquire(timeout=ENTER_SECONDS)

        def work(connection: Connection) -> None:
            change_freeze.require_none(connection)
            now = setup.clock(connection)
            owner = setup.replica
            execute.execute_batch(connection, setup.queue, self.operation, batch, owner, now, enter)
            reach("batch-moved")

        try:
            self._change(work)
        finally:
            if entered:
                self._entering.release()
        reach("batch-committed")

    def _change(self, work: Callable[[Connection], T]) -> T:
        return changing(self.setup.engine, time_limit(self.setup.engine, BATCH_SECONDS), work)


def _invocation(operation: Operation) -> Invocation:
    actor = Actor(operation.actor, operation.team, Source(operation.source), operation.detail)
    return Invocation(actor, operation.request_id, float("inf"), operation.channel)


def granted(setup: Setup, operation: Operation) -> Grant:
    """Return the person's grant now; `NotAllowed` where it is not enough for the operation."""
    queue = operation.scope.queue
    check_queue(setup.rules, ALL_QUEUES if queue is None else queue)
    return may(
        setup, _invocation(operation), need_of(setup.commands[operation.action], operation.total)
    )
