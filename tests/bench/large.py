"""A queue of three million jobs and a million failed ones, with only the spec's indexes."""

from collections.abc import Callable
from time import monotonic, sleep

from sqlalchemy import Connection, text

from bot.errors import Refusal
from bot.ledger import failures
from bot.ledger.failures import Pass
from bot.playground.demo import IDS
from bot.queue.database import changing
from bot.registry import Setup
from tests.bench import tables
from tests.bench.bots import Bot, real_bot
from tests.bench.figures import say, times
from tests.bench.people import make_setup, preview
from tests.queues import TestQueue, make_queue
from tests.services.mariadb import MariaDB

JOBS, FAILED = 3_000_000, 1_000_000
INDEXED_BY_BOT = 100_000
SAMPLE_SECONDS = 90.0
CHANGE_SECONDS = 2.0
"""What a preview may take, as in Slack."""


def bench_large(server: MariaDB, *, quick: bool) -> None:
    """Status, lists, previews and the watcher's passes at 3M jobs and 1M failed jobs."""
    part = 20 if quick else 1
    with server.database() as name:
        test = make_queue(server.url(name))
        began = monotonic()
        with test.engine.begin() as connection:
            tables.prepare(connection, JOBS // tables.BASE)
        tables.fill_jobs(test, JOBS // part)
        tables.fill_failed(test, FAILED // part)
        say("filling the tables", f"{monotonic() - began:.0f} s, not part of anything measured")
        setup = make_setup(test)
        _backfill(test, setup, INDEXED_BY_BOT // part)
        _passes(setup)
        _previews(setup)
        with real_bot(test.url) as bot:
            _ask(bot, times_each=40 if quick else 200)
        test.engine.dispose()


def _step(setup: Setup, step: Callable[[Connection], Pass]) -> tuple[Pass, float]:
    began = monotonic()
    return changing(setup.engine, monotonic() + 60, step), monotonic() - began


def _backfill(test: TestQueue, setup: Setup, rows: int) -> None:
    """Let the bot index so many; copy what it found for the rest, which is made of the same."""

    def index_new(connection: Connection) -> Pass:
        return failures.index_new(connection, setup.queue, setup.clock(connection))

    began, added = monotonic(), 0
    while added < rows:
        found, _ = _step(setup, index_new)
        added += found.added
    say("backfill", f"{added / (monotonic() - began):,.0f} rows/s ({added:,} rows)")
    with test.engine.begin() as connection:
        connection.execute(text("ANALYZE TABLE queue_bot_failures"))
        connection.execute(text(_INDEX_THE_REST), {"base": tables.BASE})
        for name in ("backfill", "settled"):
            connection.execute(
                text(
                    "UPDATE queue_bot_marks SET value = (SELECT MAX(id) FROM failed_jobs) "
                    "WHERE name = :name"
                ),
                {"name": name},
            )


# The digests as bot.queue.layouts computes them; a pass that finds nothing new proves it below.
_INDEX_THE_REST = """
INSERT INTO queue_bot_failures (failed_id, row_digest, queue, error_group, error, job_class,
    order_id, tienda_id, payload_digest, bytes, failed_at, seen_at, incident)
SELECT f.id, SUBSTR(SHA2(CONCAT_WS('|', f.id, f.queue, SHA2(f.payload, 256), f.failed_at),
    256), 1, 32),
    f.queue, s.error_group, s.error, s.job_class, CAST(s.order_id AS INT) + f.id - s.failed_id,
    s.tienda_id, SUBSTR(SHA2(f.payload, 256), 1, 32), s.bytes, f.failed_at, s.seen_at, s.incident
FROM failed_jobs f STRAIGHT_JOIN queue_bot_failures s ON s.seq = (f.id - 1) % :base + 1
WHERE f.id > (SELECT MAX(failed_id) FROM queue_bot_failures) ORDER BY f.id
"""


def _passes(setup: Setup) -> None:
    """What the watcher does for ever, when nothing new has failed."""

    def index_new(connection: Connection) -> Pass:
        return failures.index_new(connection, setup.queue, setup.clock(connection))

    def sweep(connection: Connection) -> Pass:
        return failures.sweep(connection, setup.queue, setup.clock(connection))

    for name, step, turns in (
        ("a pass for new failures", index_new, 30),
        (f"a sweep of {failures.SWEEP_ROWS:,} ids", sweep, 10),
    ):
        found = [_step(setup, step) for _ in range(turns)]
        assert sum(one.added + one.gone for one, _ in found) == 0
        times(name, [seconds for _, seconds in found])


def _previews(setup: Setup) -> None:
    for words in ("retry-all", "retry-all queue=netsuite", "clear-failed older=7d"):
        took: list[float] = []
        for _ in range(5):
            began = monotonic()
            try:
                preview(setup, words, CHANGE_SECONDS)
            except Refusal as refusal:
                say(f"preview: {words}", f"refused: {refusal.code}")
            took.append(monotonic() - began)
        times(f"preview: {words}", took)


def _ask(bot: Bot, times_each: int) -> None:
    began = monotonic()
    took, said = bot.ask("/queue status")
    say("the first status of all", f"{1000 * took:.0f} ms: {said[:60]}")
    while "Queue status" not in said and monotonic() < began + SAMPLE_SECONDS:
        sleep(3)
        _, said = bot.ask("/queue status")
    say("figures to show after", f"{monotonic() - began:.1f} s")
    for command in (
        "status",
        "jobs",
        "jobs status=reserved",
        "jobs queue=netsuite sort=oldest",
        "failed",
        "failed queue=netsuite limit=200",
        "failed-job 500000",
    ):
        every = [bot.ask(f"/queue {command}")[0] for _ in range(times_each)]
        times(f"/queue {command}", every)
    asked = [bot.ask("/queue retry-all", IDS.admin)[0] for _ in range(3)]
    times("/queue retry-all, until its dialog is open", asked)
