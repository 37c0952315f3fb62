"""Time to the answer: compared with a bare Bolt app, and for fifty people at once."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from bot.database.engine import connect
from bot.database.transactions import now_of, reading
from bot.queue import job_counts
from bot.queue.layouts import Queue, spec_tables
from tests.bench import tables
from tests.bench.bots import PEOPLE, Bot, bare_bot, person, real_bot
from tests.bench.figures import median, quantile, say, times
from tests.kit.queues import make_queue
from tests.services.mariadb import MariaDB

WARM_UP = 20
JOBS, FAILED = 2_000, 500
COMMANDS = ("status", "failed limit=10", "jobs limit=10", "help")
WITHIN = 1.0


def bench_ack(server: MariaDB, *, quick: bool) -> None:
    """Time of `/queue status` to the reply in its ack: bot, bare Bolt handler, and query alone."""
    with server.database() as name:
        url = server.url(name)
        fill(url)
        engine, queue = connect(url), Queue(*spec_tables())

        def query() -> float:
            began = monotonic()
            with reading(engine) as connection:
                job_counts.count(connection, queue, now_of(connection), 2.0)
            return monotonic() - began

        took: dict[str, list[float]] = {"bot": [], "bare Bolt": [], "query alone": []}
        with real_bot(url) as bot, bare_bot(url) as bare:
            for turn in range(WARM_UP + (100 if quick else 500)):
                one = {
                    "bot": bot.ask("/queue status")[0],
                    "bare Bolt": bare.ask("/queue status")[0],
                    "query alone": query(),
                }
                if turn >= WARM_UP:
                    for who, seconds in one.items():
                        took[who].append(seconds)
        engine.dispose()
    for who, durations in took.items():
        times(who, durations)
    medians = {who: median(values) for who, values in took.items()}
    say("bot / bare Bolt", f"{medians['bot'] / medians['bare Bolt']:.2f} at the median")
    more = 1000 * (medians["bot"] - medians["query alone"])
    say("bot - query alone", f"{more:.1f} ms at the median (to reach: 5)")
    more = 1000 * (medians["bare Bolt"] - medians["query alone"])
    say("bare Bolt - query alone", f"{more:.1f} ms at the median")


def bench_crowd(server: MariaDB, *, quick: bool) -> None:
    """Fifty people at once, with four commands: every ack under 1 s, none lost."""
    with server.database() as name:
        url = server.url(name)
        fill(url)
        with real_bot(url) as bot:
            first = _all_at_once(bot)
            rounds = [_all_at_once(bot) for _ in range(3 if quick else 10)]
            strangers = _all_at_once(bot, PEOPLE)
    times("the first fifty, as the bot starts", first)
    times("fifty whom the bot has never seen", strangers)
    every = [seconds for one in rounds for seconds in one]
    times("fifty at once, every ack", every)
    slowest = [max(one) for one in rounds]
    say("the slowest of fifty", f"median {1000 * median(slowest):.0f} ms")
    everybody = [*first, *strangers, *every]
    late = sum(seconds > WITHIN for seconds in everybody)
    say("over a second, or lost", f"{late} of {len(everybody)}")
    say("p99", f"{1000 * quantile(every, 0.99):.0f} ms")


def _all_at_once(bot: Bot, first: int = 0) -> list[float]:
    def one(number: int) -> float:
        command = COMMANDS[number % len(COMMANDS)]
        took, reply = bot.ask(f"/queue {command}", person(first + number))
        assert "too busy" not in reply, reply
        return took

    with ThreadPoolExecutor(PEOPLE) as people:
        return list(people.map(one, range(PEOPLE)))


def fill(url: str) -> None:
    """Fill a new database with the jobs of these benches."""
    test = make_queue(url)
    with test.engine.begin() as connection:
        tables.prepare(connection, JOBS // tables.BASE)
    tables.fill_jobs(test, JOBS)
    tables.fill_failed(test, FAILED)
    test.engine.dispose()
