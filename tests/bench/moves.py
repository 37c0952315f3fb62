"""Bulk changes against one transaction that does the same, on the same server, in turns."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal

from sqlalchemy import text

from bot.ledger import failures
from bot.ledger.model import Action
from bot.queue.database import changing
from bot.registry import Setup
from bot.watch.bulk import Runner
from tests.bench import tables
from tests.bench.figures import median, resident_mb, say
from tests.bench.people import confirm, make_setup, preview
from tests.bench.workers import Pops, working
from tests.queues import TestQueue, make_queue
from tests.services.mariadb import MariaDB

ROUNDS = 3
Way = Literal["bot", "one transaction"]
WAYS: tuple[Way, ...] = ("bot", "one transaction")

_ONE_TRANSACTION: dict[Action, tuple[str, ...]] = {
    "retry-all": (
        (
            "INSERT INTO jobs (queue, payload, attempts, max_attempts, reserved_at, available_at, "
            "created_at) SELECT queue, payload, 0, 3, NULL, UNIX_TIMESTAMP(), UNIX_TIMESTAMP() "
            "FROM failed_jobs WHERE id <= :last ORDER BY id"
        ),
        "DELETE FROM failed_jobs WHERE id <= :last",
    ),
    "clear-failed": ("DELETE FROM failed_jobs WHERE id <= :last",),
}


@dataclass
class Rounds:
    """What the rounds took, by who did it: seconds, and the workers' pops meanwhile."""

    seconds: dict[Way, list[float]] = field(
        default_factory=lambda: {"bot": [], "one transaction": []}
    )
    pops: dict[Way, list[Pops]] = field(default_factory=lambda: {"bot": [], "one transaction": []})
    grown_mb: float = 0.0


def bench_retry_all(server: MariaDB, *, quick: bool) -> None:
    """Retry-all of 100k failed jobs with items, archive, audit and progress."""
    _bench(server, "retry-all", 20_000 if quick else 100_000, with_workers=True)


def bench_clear_failed(server: MariaDB, *, quick: bool) -> None:
    """Clear-failed of 100k failed jobs, archived."""
    _bench(server, "clear-failed", 20_000 if quick else 100_000, with_workers=False)


def _bench(server: MariaDB, action: Action, rows: int, *, with_workers: bool) -> None:
    with server.database() as name:
        test = make_queue(server.url(name))
        setup = make_setup(test)
        last = _sources(test, setup, rows)
        ways: dict[Way, Callable[[], float]] = {
            "bot": lambda: _by_bot(setup, action, rows),
            "one transaction": lambda: _in_one_transaction(test, action, rows, last),
        }
        plain, watched = Rounds(), Rounds()
        for _ in range(ROUNDS):
            for way, run in ways.items():
                _refill(test)
                before = resident_mb()
                plain.seconds[way].append(run())
                if way == "bot":
                    plain.grown_mb = max(plain.grown_mb, resident_mb() - before)
        if with_workers:
            for way, run in ways.items():
                _refill(test)
                with working(test.url) as pops:
                    watched.seconds[way].append(run())
                watched.pops[way].append(pops)
        _print(rows, plain, watched)
        test.engine.dispose()


def _sources(test: TestQueue, setup: Setup, rows: int) -> int:
    """Fill, index and put aside what each round begins with; returns the greatest id."""
    with test.engine.begin() as connection:
        tables.prepare(connection, rows // tables.BASE)
    tables.fill_failed(test, rows)
    began = monotonic()
    while changing(
        test.engine,
        monotonic() + 60,
        lambda connection: failures.index_new(connection, setup.queue, setup.clock(connection)),
    ).more:
        pass
    say("indexing them", f"{rows / (monotonic() - began):,.0f} rows/s")
    with test.engine.begin() as connection:
        for table in ("failed_jobs", "queue_bot_failures"):
            connection.execute(text(f"CREATE TABLE {table}_source LIKE {table}"))
            connection.execute(text(f"INSERT INTO {table}_source SELECT * FROM {table}"))
        return int(connection.execute(text("SELECT MAX(id) FROM failed_jobs")).scalar_one())


def _refill(test: TestQueue) -> None:
    emptied = (
        "jobs",
        "failed_jobs",
        "queue_bot_failures",
        "queue_bot_archive",
        "queue_bot_batches",
    )
    with test.engine.begin() as connection:
        for table in emptied:
            connection.execute(text(f"TRUNCATE TABLE {table}"))
        for table in ("failed_jobs", "queue_bot_failures"):
            connection.execute(text(f"INSERT INTO {table} SELECT * FROM {table}_source"))


def _by_bot(setup: Setup, action: Action, rows: int) -> float:
    """Seconds from the confirmation to the record of the end; the preview a person reads before."""
    frozen = preview(setup, action)
    assert frozen.total == rows
    began = monotonic()
    ended = Runner(setup).run_to_end(confirm(setup, frozen))
    took = monotonic() - began
    assert (ended.state, ended.done) == ("done", rows)
    return took


def _in_one_transaction(test: TestQueue, action: Action, rows: int, last: int) -> float:
    began = monotonic()
    with test.engine.begin() as connection:
        for statement in _ONE_TRANSACTION[action]:
            assert connection.execute(text(statement), {"last": last}).rowcount == rows
    return monotonic() - began


def _print(rows: int, plain: Rounds, watched: Rounds) -> None:
    rates = {way: rows / median(found) for way, found in plain.seconds.items()}
    for way, rate in rates.items():
        each = ", ".join(f"{seconds:.2f}" for seconds in plain.seconds[way])
        say(way, f"{rate:,.0f} rows/s (median of {each} s)")
    say("ratio", f"{rates['bot'] / rates['one transaction']:.2f} of one transaction")
    say("resident memory of the bot", f"grew by {plain.grown_mb:.1f} MB")
    for way, every in watched.pops.items():
        for pops in every:
            for kind, seconds in pops.seconds.items():
                say(
                    f"worst pop meanwhile, {way}",
                    f"{1000 * max(seconds):.0f} ms (median {1000 * median(seconds):.1f}, "
                    f"{len(seconds)} pops): {kind}",
                )
            say(f"while workers pop, {way}", f"{rows / watched.seconds[way][0]:,.0f} rows/s")
