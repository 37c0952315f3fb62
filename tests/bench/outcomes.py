"""Outcomes of a large bulk retry: the database time of its tracking, interval by interval."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic
from typing import Any

from sqlalchemy import Engine, event, text

from bot.app.setup import Setup
from bot.background.operations.runner import Runner
from bot.background.retries.track_bulk import outcomes_once
from bot.database.transactions import changing
from bot.store import leases
from bot.store.failures import index
from bot.store.operations.retries import outcomes
from tests.bench import tables
from tests.bench.figures import median, say, times
from tests.bench.people import confirm, make_setup, preview
from tests.kit.clock import Clock
from tests.kit.queues import TestQueue, make_queue
from tests.services.mariadb import MariaDB

PASSES = 20
INTERVAL = timedelta(seconds=10)
"""The time between two passes after the first minute; before, it is 3 s."""


@dataclass
class _Spent:
    """The seconds and the statements of one pass on the database."""

    seconds: float = 0.0
    statements: int = 0
    _began: list[float] = field(default_factory=list)

    def before(self, *_: Any) -> None:
        """Note the start of a statement."""
        self._began.append(monotonic())

    def after(self, *_: Any) -> None:
        """Add the time of the finished statement."""
        self.seconds += monotonic() - self._began.pop()
        self.statements += 1


def bench_outcomes(server: MariaDB, *, quick: bool) -> None:
    """Tracking the jobs of a retry-all of 100k: database time of each pass."""
    rows = 20_000 if quick else 100_000
    with server.database() as name:
        test = make_queue(server.url(name))
        clock = Clock()
        setup = replace(make_setup(test), clock=clock)
        _retried(test, setup, rows)
        first = _passes(setup, clock, 1)
        while _seen(test, "waiting") is None:
            first += _passes(setup, clock, 1)
        say("until all was counted once", f"{len(first)} looks")
        times("  a look, the first time", [spent.seconds for spent in first])
        assert _seen(test, "waiting") == rows
        _told("nobody works", _passes(setup, clock, PASSES))
        _told(f"workers take {rows // PASSES:,} a look", _drained(test, setup, clock, rows))
        assert _seen(test, "waiting") == 0
        say("an id range, a pass, its time", f"{outcomes.WIDTH:,} ids, {outcomes.BUDGET} s at most")
        test.engine.dispose()


def _retried(test: TestQueue, setup: Setup, rows: int) -> None:
    with test.engine.begin() as connection:
        tables.prepare(connection, rows // tables.BASE)
    tables.fill_failed(test, rows)
    while changing(
        test.engine,
        monotonic() + 60,
        lambda connection: index.index_new(connection, setup.queue, setup.clock(connection)),
    ).more:
        pass
    ended = Runner(setup).run_to_end(confirm(setup, preview(setup, "retry-all")))
    assert (ended.state, ended.done) == ("done", rows)


def _passes(setup: Setup, clock: Clock, count: int) -> list[_Spent]:
    """Run `count` passes, each when it is due; return the cost of each."""
    passes = []
    for _ in range(count):
        clock.by += INTERVAL
        lease = changing(
            setup.engine,
            monotonic() + 10,
            lambda connection: leases.take(connection, "watcher", "bench", setup.clock(connection)),
        )
        assert lease is not None
        with _counting(setup.engine) as spent:
            outcomes_once(setup, lease)
        passes.append(spent)
    return passes


@contextmanager
def _counting(engine: Engine) -> Iterator[_Spent]:
    spent = _Spent()
    event.listen(engine, "before_cursor_execute", spent.before)
    event.listen(engine, "after_cursor_execute", spent.after)
    try:
        yield spent
    finally:
        event.remove(engine, "before_cursor_execute", spent.before)
        event.remove(engine, "after_cursor_execute", spent.after)


def _drained(test: TestQueue, setup: Setup, clock: Clock, rows: int) -> list[_Spent]:
    """Simulate workers on the oldest jobs: of 100, five are released and two fail again."""
    passes = []
    share = rows // PASSES
    for _ in range(PASSES):
        with test.engine.begin() as connection:
            last = connection.execute(
                text("SELECT MAX(id) FROM (SELECT id FROM jobs ORDER BY id LIMIT :share) s"),
                {"share": share},
            ).scalar_one()
            for statement in _WORKED:
                connection.execute(text(statement), {"last": last})
        changing(
            test.engine,
            monotonic() + 60,
            lambda connection: index.index_new(connection, setup.queue, setup.clock(connection)),
        )
        passes += _passes(setup, clock, 1)
    with test.engine.begin() as connection:
        connection.execute(text("DELETE FROM jobs"))
    # Each pass finds a hundred id ranges empty.
    for _ in range(3):
        passes += _passes(setup, clock, 1)
    return passes


_WORKED = (
    """INSERT INTO failed_jobs (queue, payload, exception, failed_at)
    SELECT queue, payload, 'RuntimeException: again', NOW() FROM jobs
    WHERE id <= :last AND id % 50 = 3""",
    """INSERT INTO jobs (queue, payload, attempts, available_at, created_at)
    SELECT queue, payload, 1, available_at, created_at FROM jobs
    WHERE id <= :last AND id % 20 = 7""",
    "DELETE FROM jobs WHERE id <= :last",
)


def _seen(test: TestQueue, column: str) -> Any:
    with test.engine.begin() as connection:
        return connection.execute(text(f"SELECT {column} FROM queue_bot_outcomes")).scalar_one()


def _told(name: str, passes: list[_Spent]) -> None:
    times(name, [spent.seconds for spent in passes])
    statements = [spent.statements for spent in passes]
    say("  statements a look", f"median {median(statements):.0f}, most {max(statements)}")
