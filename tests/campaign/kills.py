"""Processes and the database server are killed at random times."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from bot.background.operations.runner import Runner
from bot.models.refusals import Refusal
from bot.store import tables
from bot.store.operations.operations import ACTIVE
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from tests.crash import jobs
from tests.crash.processes import Replica, replica
from tests.kit.clock import Clock
from tests.kit.invariants import broken, payloads
from tests.kit.queues import TestQueue, make_queue
from tests.kit.replicas import ANA, OMAR, make_setup
from tests.services.mariadb import MariaDB

ROWS = 400
BATCH = 20
LONGEST = 0.8
"""The seconds in which a bulk change of ROWS rows is running or has ended."""

_pause = threading.Event().wait


@contextmanager
def fresh(server: MariaDB, rows: int) -> Iterator[TestQueue]:
    """Create a separate database with `rows` failed jobs."""
    with server.database() as name:
        queue = make_queue(server.url(name))
        for order in range(rows):
            queue.fail(order=order)
        yield queue
        queue.engine.dispose()


def kill_replicas(server: MariaDB, until: float) -> str:
    """A replica in a bulk change and one in single retries are killed; a third finishes."""

    def kill(bulk: Replica, hand: Replica) -> None:
        _pause(random.uniform(0.0, LONGEST))
        bulk.kill()
        _pause(random.uniform(0.0, 0.1))
        hand.kill()

    return _rounds(server, until, kill)


def kill_the_server(server: MariaDB, until: float) -> str:
    """The database server is killed and restarted under both replicas; then they are killed too."""

    def kill(bulk: Replica, hand: Replica) -> None:
        _pause(random.uniform(0.0, LONGEST))
        server.kill()
        _pause(random.uniform(0.0, 0.5))
        server.start()
        _pause(random.uniform(0.0, LONGEST))
        bulk.kill()
        hand.kill()

    return _rounds(server, until, kill)


def _rounds(server: MariaDB, until: float, kill: Callable[[Replica, Replica], None]) -> str:
    rounds = midway = 0
    while monotonic() < until:
        with fresh(server, ROWS) as queue:
            before = payloads(queue)
            bulk: dict[str, Any] = {"action": "retry-all", "rows": BATCH, "key": "bulk"}
            hand: dict[str, Any] = {"ids": [list(range(1, ROWS, 7))], "by": OMAR}
            with (
                replica(queue, jobs.run_bulk, "bulk", **bulk) as one,
                replica(queue, jobs.write_many, "hand", **hand) as two,
            ):
                kill(one, two)
            violations = broken(queue, before)
            assert violations == [], violations
            midway += any(row.state in ACTIVE for row in queue.rows(tables.operations))
            _finish(queue)
            violations = broken(queue, before)
            assert violations == [], violations
            rounds += 1
    return f"{rounds} rounds, {midway} of them ended midway, no invariant broken"


def _finish(queue: TestQueue) -> None:
    clock = Clock()
    clock.by += TAKEN_OVER_AFTER * 2
    runner = Runner(make_setup(queue, "third", clock=clock), BATCH, lanes=1, seconds=0)
    with suppress(Refusal):
        while runner.run_once():
            pass
    assert not [row for row in queue.rows(tables.operations) if row.state in ACTIVE]
    assert {row.actor for row in queue.rows(tables.audit)} <= {ANA, OMAR}
