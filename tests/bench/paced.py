"""A retry with a rate, measured at a polling worker and at the server."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from time import monotonic, sleep

from sqlalchemy import Connection, text

from bot.background.operations.runner import Runner
from tests.bench import indexed, tables
from tests.bench.figures import median, say
from tests.bench.people import confirm, make_setup, preview
from tests.bench.workers import Pops, working
from tests.kit.queues import TestQueue, make_queue
from tests.services.mariadb import MariaDB

A_MINUTE = 600
BATCH_ROWS = 100
QUEUE = "netsuite"
AFTER = 3.0
"""The extra seconds that the workers have in addition to those of the rate."""


def bench_paced(server: MariaDB, *, quick: bool) -> None:
    """A retry at 600 a minute: about ten jobs a second for a worker, one statement per batch."""
    jobs = 100 if quick else 300
    with server.database() as name:
        test = make_queue(server.url(name))
        setup = make_setup(test)
        with test.engine.begin() as connection:
            tables.prepare(connection, jobs * len(tables.QUEUES) // tables.BASE)
        rows = jobs * len(tables.QUEUES)
        tables.fill_failed(test, rows)
        indexed.index(setup, rows, rows)
        with _statements(test) as inserted, working(test.url) as pops:
            frozen = preview(setup, f"retry-all queue={QUEUE} rate={A_MINUTE}/min")
            assert frozen.total == jobs
            ended = Runner(setup, BATCH_ROWS).run_to_end(confirm(setup, frozen))
            assert (ended.state, ended.done) == ("done", jobs)
            _wait_until_drained(test, jobs * 60 / A_MINUTE + AFTER)
        test.engine.dispose()
    _print(pops, jobs)
    batches = -(-jobs // BATCH_ROWS)
    say("statements that put jobs in", f"{inserted[0]} for {batches} batches of {BATCH_ROWS}")


@contextmanager
def _statements(test: TestQueue) -> Iterator[list[int]]:
    """Yield a list that gets the number of INSERTs into `jobs`, by the server's log, at the end."""
    counts: list[int] = []
    with test.engine.begin() as connection:
        connection.execute(text("TRUNCATE TABLE mysql.general_log"))
        connection.execute(text("SET GLOBAL log_output = 'TABLE'"))
        connection.execute(text("SET GLOBAL general_log = ON"))
    try:
        yield counts
    finally:
        with test.engine.begin() as connection:
            connection.execute(text("SET GLOBAL general_log = OFF"))
            counts.append(_inserted(connection))


def _inserted(connection: Connection) -> int:
    count = "SELECT COUNT(*) FROM mysql.general_log WHERE argument REGEXP 'INSERT INTO `?jobs'"
    return int(connection.execute(text(count)).scalar_one())


def _wait_until_drained(test: TestQueue, seconds: float) -> None:
    until = monotonic() + seconds
    with test.engine.connect() as raw:
        connection = raw.execution_options(isolation_level="AUTOCOMMIT")
        while connection.execute(text("SELECT COUNT(*) FROM jobs")).scalar_one():
            assert monotonic() < until, "the workers did not get every job in time"
            sleep(0.2)


def _print(pops: Pops, jobs: int) -> None:
    assert len(pops.taken) == jobs
    took = pops.taken[-1] - pops.taken[0]
    say("jobs begun", f"{jobs} in {took:.1f} s, at {A_MINUTE} a minute")
    each = Counter(int(moment) for moment in pops.taken)
    whole = [each[second] for second in range(min(each) + 1, max(each))]
    say("in each whole second", f"median {median(whole):.0f}, {min(whole)} to {max(whole)}")
    gaps = [after - before for before, after in pairwise(pops.taken)]
    say("longest time without one", f"{1000 * max(gaps):.0f} ms")
