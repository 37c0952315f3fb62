"""A queue of three million jobs and a million failed ones, with only the spec's indexes."""

from time import monotonic, sleep

from sqlalchemy import Connection, text

from bot.app.setup import Setup
from bot.background.incidents import probe
from bot.background.loop import INTERVAL
from bot.database.transactions import changing
from bot.localslack.demo import IDS
from bot.models.alert_rules import Reading
from bot.models.refusals import Refusal
from bot.store.failures import index, index_scan
from bot.store.failures.unindexed import Pass
from bot.store.incidents import probe_state
from tests.bench import indexed, tables
from tests.bench.bots import Bot, real_bot
from tests.bench.figures import say, times
from tests.bench.homes import open_homes
from tests.bench.people import make_setup, preview
from tests.kit.queues import make_queue
from tests.services.mariadb import MariaDB

JOBS, FAILED = 3_000_000, 1_000_000
INDEXED_BY_BOT = 100_000
SAMPLE_SECONDS = 90.0
CHANGE_SECONDS = 2.0
"""The time limit of a preview, as in Slack."""


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
        indexed.index(setup, FAILED // part, INDEXED_BY_BOT // part)
        _passes(setup)
        _looks(setup)
        _tenants(setup)
        _previews(setup)
        with real_bot(test.url) as bot:
            _ask(bot, times_each=40 if quick else 200)
            open_homes(bot, 20 if quick else 40)
        test.engine.dispose()


def _passes(setup: Setup) -> None:
    """Measure the passes that the watcher repeats when nothing new has failed."""

    def index_new(connection: Connection) -> Pass:
        return index.index_new(connection, setup.queue, setup.clock(connection))

    def scan(connection: Connection) -> Pass:
        return index_scan.scan(connection, setup.queue, setup.clock(connection))

    for name, step, turns in (
        ("a pass for new failures", index_new, 30),
        (f"a scan of {index_scan.SCAN_ROWS:,} ids", scan, 10),
    ):
        passes = [indexed.step(setup, step) for _ in range(turns)]
        assert sum(one.added + one.removed for one, _ in passes) == 0
        times(name, [seconds for _, seconds in passes])


def _looks(setup: Setup) -> None:
    """Measure the check of all metric rules, which the watcher repeats every few seconds."""

    def look(connection: Connection) -> list[Reading]:
        return probe.check(setup, connection, setup.clock(connection), 5.0)

    def measure(name: str) -> None:
        took = []
        for _ in range(20):
            began = monotonic()
            readings = changing(setup.engine, monotonic() + 10, look)
            took.append(monotonic() - began)
            assert len(readings) == 4 * len(tables.QUEUES) + 1
        times(name, took)

    later = {"later": 10**8}
    measure("a look at what waits in all queues")
    with setup.engine.begin() as connection:
        connection.execute(text(_DELAYED), later)
    measure("a look, all at the head delayed")
    with setup.engine.begin() as connection:
        connection.execute(text(_NOT_DELAYED), later)


# As after a large retry with a rate: no job at the head of a queue is available yet.
_DELAYED = "UPDATE jobs SET available_at = available_at + :later WHERE id < 200000"
_NOT_DELAYED = _DELAYED.replace("+", "-")


def _tenants(setup: Setup) -> None:
    """Measure the checks until each of a thousand more queues was checked once."""
    with setup.engine.begin() as connection:
        connection.execute(text(_ONE_EACH))
    took: list[float] = []
    checked = 0
    while checked < TENANTS + len(tables.QUEUES):
        began = monotonic()
        changing(
            setup.engine,
            monotonic() + 10,
            lambda connection: probe.check(setup, connection, setup.clock(connection)),
        )
        took.append(monotonic() - began)
        with setup.engine.connect() as connection:
            checked = sum(at is not None for _, at in probe_state.checked(connection))
        assert len(took) < TENANTS, f"only {checked} queues were checked"
    times(f"a look, with {TENANTS:,} queues", took)
    minutes = len(took) * INTERVAL / 60
    say(f"  until each of {TENANTS:,} queues was checked", f"{len(took)} looks, {minutes:.1f} min")
    with setup.engine.begin() as connection:
        connection.execute(text("DELETE FROM jobs WHERE queue LIKE 'tenant-%'"))
        connection.execute(text("DELETE FROM queue_bot_probe_states"))


TENANTS = 1_000
_ONE_EACH = (
    "INSERT INTO jobs (queue, payload, attempts, available_at, created_at) "
    "SELECT CONCAT('tenant-', n), '{}', 0, UNIX_TIMESTAMP(), UNIX_TIMESTAMP() "
    f"FROM bench_numbers WHERE n < {TENANTS}"
)


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
    took, reply = bot.ask("/queue status")
    kind = "estimates" if "Estimated" in reply else "exact counts"
    say("the first status of all", f"{1000 * took:.0f} ms: {kind} (at most 1000)")
    while "Estimated" in reply and monotonic() < began + SAMPLE_SECONDS:
        sleep(3)
        _, reply = bot.ask("/queue status")
    say("exact counts after", f"{monotonic() - began:.1f} s")
    for command in (
        "status",
        "jobs",
        "jobs status=reserved",
        "jobs queue=netsuite sort=oldest",
        "failed",
        "failed queue=netsuite limit=200",
        "failed-job 500000",
        "find 7",
        "history order=1043211",
        "errors",
        "errors since=24h queue=netsuite",
        "find 1043211",
        "digest",
    ):
        every = [bot.ask(f"/queue {command}")[0] for _ in range(times_each)]
        # Every payload has the digit 7, so its search parses all 25,000 that it may read.
        goal = " (at most 100)" if command == "find 1043211" else ""
        times(f"/queue {command}{goal}", every)
    asked = [bot.ask("/queue retry-all", IDS.admin)[0] for _ in range(3)]
    times("/queue retry-all, dialog open (at most 500)", asked)
