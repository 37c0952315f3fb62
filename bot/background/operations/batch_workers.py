"""The batch workers of one operation, which run batches in parallel for one turn."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar

from sqlalchemy import Connection

from bot.access.role_changes import READ_TIMES, RolesChanged, require_current
from bot.access.roles import Grant, check_queue
from bot.app.bulk_limits import need_of
from bot.app.dispatch import may
from bot.app.plans import ALL_QUEUES
from bot.app.setup import Setup
from bot.database.dialects import is_sqlite
from bot.database.transactions import changing, time_limit
from bot.failpoints import reach
from bot.models.refusals import Refusal, Unverifiable
from bot.models.requests import Actor, Invocation, Source
from bot.store.audit import chain
from bot.store.operations import batches, change_freeze, execute, transitions
from bot.store.operations.batches import Batch, NotOurs
from bot.store.operations.operations import Operation

T = TypeVar("T")

BATCH_SECONDS = 30.0
LANES = 2
"""The number of batch workers: the server moves one batch while it logs the other batch."""
AHEAD = 2
"""The number of batches that a batch worker claims at once. A locked range includes the row behind
the range, so a batch worker that starts at that row would make the first batch worker wait."""

ENTER_SECONDS = 0.1
BEAT_SECONDS = 5.0
"""Seconds between two heartbeats in a turn; after 15 s another replica takes over."""


@dataclass
class BatchWorkers:
    """One turn of an operation: batches of up to `rows` jobs for `seconds`, at least one batch."""

    setup: Setup
    operation: Operation
    rows: int
    seconds: float
    _left: deque[Batch] = field(default_factory=deque)
    _claiming: threading.Lock = field(default_factory=threading.Lock)
    _entering: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(1))

    def run(self, lanes: int) -> bool:
        """Run batches in `lanes` threads; return True if nothing is left to claim.

        Raises the error of the batch worker that failed first, after all batch workers have ended.
        """
        try:
            self._left.extend(self._change(self._left_behind))
        except NotOurs:
            return False
        if is_sqlite(self.setup.engine):
            lanes = 1  # SQLite has one writer at a time
        until = monotonic() + self.seconds
        with ThreadPoolExecutor(lanes, thread_name_prefix="lane") as pool:
            workers = [pool.submit(self._run_worker, until) for _ in range(lanes)]
            while wait(workers, BEAT_SECONDS).not_done:
                with suppress(Refusal):  # the next heartbeat tries again; the batches continue
                    self._change(self._beat)
        drained = [worker.result() for worker in workers]
        return all(drained)

    def _run_worker(self, until: float) -> bool:
        """Run batches until the time is up; return True if nothing is left to claim."""
        try:
            while True:
                claimed = self._next()
                if not claimed:
                    return True
                for batch in claimed:
                    self._execute_permitted(batch)
                    if monotonic() >= until + BEAT_SECONDS:
                        return False  # claimed batches wait for the next turn
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
        transitions.beat(connection, self.operation, setup.replica, setup.clock(connection))

    def _left_behind(self, connection: Connection) -> list[Batch]:
        setup = self.setup
        return batches.left_behind(
            connection, self.operation, setup.replica, setup.clock(connection)
        )

    def _claim(self, connection: Connection) -> list[Batch]:
        setup = self.setup
        now = setup.clock(connection)
        ahead = AHEAD if self.seconds else 1
        return batches.claim(
            connection, setup.queue, self.operation, setup.replica, now, self.rows, ahead
        )

    def _execute_permitted(self, batch: Batch) -> None:
        """Check the person's role and execute the batch; repeat this if roles changed meanwhile."""
        for _ in range(READ_TIMES):
            generation = self.setup.known_roles.generation
            granted(self.setup, self.operation)
            with suppress(RolesChanged):
                self._execute(batch, generation)
                return
        raise Unverifiable(reason="roles change again and again")

    def _execute(self, batch: Batch, generation: int | None) -> None:
        setup = self.setup
        actor = _invocation(self.operation).actor
        entered = False

        def enter() -> None:
            # The queue's workers wait for uncommitted rows, so only one batch at a time may have
            # such rows. The wait has a limit, because the other batch may wait for this batch.
            nonlocal entered
            entered = entered or self._entering.acquire(timeout=ENTER_SECONDS)

        def work(connection: Connection) -> None:
            now = require_current(
                connection, setup.clock, setup.known_roles, setup.directory, actor, generation
            )
            change_freeze.require_none(connection)
            chain.signing_key(connection, setup.audit_keys)
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
    """Return the person's current grant; raise `NotAllowed` if it is too low for the operation."""
    queue = operation.scope.queue
    check_queue(setup.rules, ALL_QUEUES if queue is None else queue)
    return may(
        setup, _invocation(operation), need_of(setup.commands[operation.action], operation.total)
    )
