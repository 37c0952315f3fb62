"""Figures of many rows: the index of failures, and a long audit chain with many writers."""

from contextlib import ExitStack
from time import monotonic

from sqlalchemy import text

from bot.background import audit
from bot.store.audit.verification import verify
from tests.campaign.kills import fresh
from tests.crash import jobs
from tests.crash.processes import replica
from tests.kit.failure_index import LATER, index, scan_all, seed_many
from tests.kit.invariants import broken
from tests.kit.replicas import ANA, OMAR, hold, make_setup
from tests.services.mariadb import MariaDB

FAILURES = 200_000
RECORDS = 4_000


def index_many(server: MariaDB, _until: float) -> str:
    """A backlog is indexed, passed again and scanned; `--minutes` does not change the duration."""
    with fresh(server, 0) as queue:
        seed_many(queue, FAILURES)
        began = monotonic()
        assert index(queue) == FAILURES
        read_in = monotonic()
        assert index(queue) == 0
        again = monotonic()
        with queue.engine.begin() as connection:
            connection.execute(text("DELETE FROM failed_jobs WHERE id % 10 = 0"))
        deleted = monotonic()
        assert scan_all(queue, 20_000, LATER) == (0, FAILURES // 10)
        swept = monotonic()
    return (
        f"{FAILURES:,} failures read in at {FAILURES / (read_in - began):,.0f}/s, the next pass "
        f"{(again - read_in) * 1000:.0f} ms, a whole scan {swept - deleted:.1f} s"
    )


def write_and_seal(server: MariaDB, _until: float) -> str:
    """Eight writers in two processes run while a third seals; at the end the chain is verified."""
    with fresh(server, RECORDS) as queue, ExitStack() as until_the_end:
        setup = make_setup(queue)
        began = monotonic()
        shares = [list(range(1 + n, RECORDS + 1, 8)) for n in range(8)]
        writers = [
            until_the_end.enter_context(replica(queue, jobs.write_many, name, ids=some, by=by))
            for name, some, by in (("one", shares[:4], ANA), ("two", shares[4:], OMAR))
        ]
        while not all(writer.is_held() for writer in writers):
            audit.seal_once(setup, hold(setup))
        written = monotonic() - began
        for writer in writers:
            assert set(writer.result()) == {"ok"}
        while audit.seal_once(setup, hold(setup)):
            pass
        began = monotonic()
        with queue.engine.begin() as connection:
            assert list(verify(connection)) == []
        verified = monotonic() - began
        assert broken(queue) == []
    return f"{RECORDS:,} changes at {RECORDS / written:,.0f}/s, verified in {verified:.1f} s"
