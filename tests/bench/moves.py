"""Bulk changes compared with one equal transaction, on the same server, in turns."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TypeVar

from sqlalchemy import text

from bot.app.setup import Setup
from bot.background.operations.runner import Runner
from bot.database.transactions import reading
from bot.queue.layouts import fitted
from tests.bench import indexed, laravel, tables
from tests.bench.figures import growing, median, say
from tests.bench.people import confirm, make_setup, preview
from tests.bench.workers import Pops, working
from tests.kit.queues import TestQueue, make_queue
from tests.services.mariadb import MariaDB

T = TypeVar("T")

ROUNDS = 3
PREVIEW_SECONDS = 60.0
INDEXED_BY_BOT = 20_000


@dataclass(frozen=True)
class BulkOptions:
    """A way to make the change: a command for the bot, or statements in one transaction."""

    name: str
    words: str = ""
    statements: tuple[str, ...] = ()
    goal: str = ""


_INSERT = (
    "INSERT INTO jobs (queue, payload, attempts, max_attempts, reserved_at, available_at, "
    "created_at) SELECT queue, payload, 0, 3, NULL, UNIX_TIMESTAMP(), UNIX_TIMESTAMP() "
    "FROM failed_jobs WHERE id <= :last ORDER BY id"
)
_DELETE = "DELETE FROM failed_jobs WHERE id <= :last"

RETRY = (
    BulkOptions("bot", "retry-all"),
    BulkOptions("one transaction", statements=(_INSERT, _DELETE)),
)
CLEAR = (
    BulkOptions("bot", "clear-failed", goal=" (at least 0.10)"),
    BulkOptions("bot, archive=no", "clear-failed archive=no", goal=" (at least 0.25)"),
    BulkOptions("one transaction", statements=(_DELETE,)),
)


@dataclass
class Took:
    """The cost of one way: seconds, and the greatest growth of the bot in MB."""

    seconds: list[float] = field(default_factory=list)
    grown_mb: float = 0.0


@dataclass(frozen=True)
class Field:
    """The queue of failed jobs at the start of every round; `last` is the greatest id."""

    test: TestQueue
    setup: Setup
    rows: int
    last: int

    def run(self, way: BulkOptions) -> float:
        """Make the change and return the seconds it took."""
        return self._by_bot(way) if way.words else self._in_one(way.statements)

    def refill(self) -> None:
        """Restore every table except operations and their batches.

        The tables that the changes write to are emptied row by row: in a queue in use, new rows
        reuse the space of deleted rows. After TRUNCATE, every round would grow a new file, which
        takes longer than the rows themselves.
        """
        with self.test.engine.begin() as connection:
            for table in _EMPTIED:
                connection.execute(text(f"DELETE FROM {table}"))
        self._wait_for_purge()
        with self.test.engine.begin() as connection:
            for table in _SOURCES:
                connection.execute(text(f"TRUNCATE TABLE {table}"))
                connection.execute(text(f"INSERT INTO {table} SELECT * FROM {table}_source"))

    def _wait_for_purge(self) -> None:
        """Wait until the server has purged the deleted rows, for PURGE_SECONDS at most."""
        until = monotonic() + PURGE_SECONDS
        while monotonic() < until:
            with self.test.engine.connect() as connection:
                left = connection.execute(_PURGE).one()[1]
            if int(left) < PURGED:
                return
            _pause(0.1)

    def _by_bot(self, way: BulkOptions) -> float:
        """Return the seconds from the confirmation to the final record, without the preview."""
        frozen = preview(self.setup, way.words, PREVIEW_SECONDS)
        assert frozen.total == self.rows
        began = monotonic()
        ended = Runner(self.setup).run_to_end(confirm(self.setup, frozen))
        took = monotonic() - began
        assert (ended.state, ended.done) == ("done", self.rows)
        return took

    def _in_one(self, statements: tuple[str, ...]) -> float:
        began = monotonic()
        with self.test.engine.begin() as connection:
            for statement in statements:
                done = connection.execute(text(statement), {"last": self.last})
                assert done.rowcount == self.rows
        return monotonic() - began


def bench_retry_all(server: MariaDB, *, quick: bool) -> None:
    """Retry-all of 100k failed jobs with archive, audit and progress; workers meanwhile."""
    rows = 20_000 if quick else 100_000

    def measure(ready: Field) -> float:
        rate = _compare(ready, RETRY, ROUNDS)
        _with_workers(ready)
        return rate

    rate = _on(server, rows, measure)
    by_laravel = laravel.rate(server, 2_000 if quick else 10_000)
    if by_laravel is not None:
        say("bot / Laravel's queue:retry all", f"{rate / by_laravel:.0f} (to reach: 50)")


def bench_clear_failed(server: MariaDB, *, quick: bool) -> None:
    """Clear-failed of 100k failed jobs, with and without archive."""
    rows = 20_000 if quick else 100_000
    _on(server, rows, lambda ready: _compare(ready, CLEAR, ROUNDS))


def bench_million(server: MariaDB, *, quick: bool) -> None:
    """Retry-all and clear-failed of a million jobs (`--quick`: 40,000); it needs 15 GB of disk."""
    rows = 40_000 if quick else 1_000_000

    def measure(ready: Field) -> None:
        for name, ways in (("retry-all", RETRY), ("clear-failed", CLEAR)):
            say(name, f"{rows:,} failed jobs")
            _compare(ready, ways, 1)

    _on(server, rows, measure)


def _on(server: MariaDB, rows: int, measure: Callable[[Field], T]) -> T:
    """Measure on a separate database that holds `rows` failed jobs."""
    with server.database() as name:
        test = make_queue(server.url(name))
        # Like the bot at its start.
        with reading(test.engine) as connection:
            test = replace(test, queue=fitted(connection, test.queue))
        setup = make_setup(test)
        try:
            return measure(Field(test, setup, rows, _sources(test, setup, rows)))
        finally:
            test.engine.dispose()


PURGE_SECONDS = 120.0
PURGED = 100
_PURGE = text("SHOW GLOBAL STATUS LIKE 'Innodb_history_list_length'")
_pause = threading.Event().wait
_SOURCES = ("failed_jobs", "queue_bot_failures", "queue_bot_failure_counts")
_EMPTIED = ("jobs", "queue_bot_archive")


def _sources(test: TestQueue, setup: Setup, rows: int) -> int:
    """Fill and index the tables and keep copies for each round; return the greatest id."""
    with test.engine.begin() as connection:
        tables.prepare(connection, rows // tables.BASE)
    tables.fill_failed(test, rows)
    indexed.index(setup, rows, min(rows, INDEXED_BY_BOT))
    with test.engine.begin() as connection:
        for table in _SOURCES:
            connection.execute(text(f"CREATE TABLE {table}_source LIKE {table}"))
            connection.execute(text(f"INSERT INTO {table}_source SELECT * FROM {table}"))
        return int(connection.execute(text("SELECT MAX(id) FROM failed_jobs")).scalar_one())


def _compare(ready: Field, ways: tuple[BulkOptions, ...], rounds: int) -> float:
    """Run the ways in turns and print them; return the rate of the first, in rows a second."""
    took = {way.name: Took() for way in ways}
    for _ in range(rounds):
        for way in ways:
            ready.refill()
            with growing() as grown:
                took[way.name].seconds.append(ready.run(way))
            took[way.name].grown_mb = max(took[way.name].grown_mb, grown.mb)
    rates = {name: ready.rows / median(one.seconds) for name, one in took.items()}
    for name, one in took.items():
        each = ", ".join(f"{seconds:.2f}" for seconds in one.seconds)
        say(name, f"{rates[name]:,.0f} rows/s (median of {each} s)")
    for way in ways:
        if way.words:
            say(
                f"{way.name} / one transaction",
                f"{rates[way.name] / rates['one transaction']:.2f}{way.goal}; "
                f"its memory grew by {took[way.name].grown_mb:.1f} MB at most",
            )
    return rates[ways[0].name]


def _with_workers(ready: Field) -> None:
    """Print how long workers wait for a pop while each way of a retry runs."""
    for way in RETRY:
        ready.refill()
        with working(ready.test.url) as pops:
            took = ready.run(way)
        print_pops(way.name, pops)
        say(f"while workers pop, {way.name}", f"{ready.rows / took:,.0f} rows/s")


def print_pops(name: str, pops: Pops) -> None:
    """Print the slowest pop of each kind of worker."""
    for kind, seconds in pops.seconds.items():
        if not seconds:
            say(f"worst pop meanwhile, {name}", f"none in so short a run: {kind}")
            continue
        say(
            f"worst pop meanwhile, {name}",
            f"{1000 * max(seconds):.0f} ms (median {1000 * median(seconds):.1f}, "
            f"{len(seconds)} pops): {kind}",
        )
