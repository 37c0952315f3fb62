"""Transactions under faults: they keep their deadline, and the bot knows what was committed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from time import monotonic

import pytest
from sqlalchemy import Connection, event, func, make_url, select, text, update
from sqlalchemy.exc import DBAPIError

from bot.app.dispatch import dispatch, request_id
from bot.app.records import AUDIT_SECONDS
from bot.app.setup import Setup
from bot.database.engine import connect
from bot.database.transactions import changing, reading, savepoint
from bot.models.refusals import Busy, DatabaseDown
from bot.models.requests import Actor, Invocation, Source
from bot.store import tables
from bot.store.cursors import position, set_position
from tests.kit.concurrency import at_once
from tests.kit.invariants import broken, payloads
from tests.kit.queues import GRACE, TestQueue, make_queue
from tests.kit.replicas import ask, codes, make_setup
from tests.services.mariadb import MariaDB
from tests.services.proxy import Proxy, When, running_proxy

LIMIT = 0.4
_WAIT = "PRAGMA busy_timeout = "


@contextmanager
def holding(queue: TestQueue, statement: str) -> Iterator[None]:
    """Hold the statement's locks in another connection."""
    with queue.engine.connect() as raw:
        connection = raw.execution_options(changes=True)
        with connection.begin() as transaction:
            connection.execute(text(statement))
            yield
            transaction.rollback()


@pytest.mark.parametrize(
    ("words", "locked"),
    [
        ("retry 45", "SELECT * FROM failed_jobs WHERE id = 45 FOR UPDATE"),
        ("delete 7", "UPDATE jobs SET attempts = 1 WHERE id = 7"),
        ("retry-all", "SELECT * FROM queue_bot_leases WHERE name = 'failures' FOR UPDATE"),
    ],
)
def test_a_change_of_a_locked_row_is_refused_as_busy_within_the_deadline(
    mariadb_queue: TestQueue, words: str, locked: str
) -> None:
    mariadb_queue.fail(45)
    mariadb_queue.push(7)
    before = payloads(mariadb_queue)
    setup = make_setup(mariadb_queue)
    with holding(mariadb_queue, locked):
        began = monotonic()
        outcome = ask(setup, words, key="one", seconds=LIMIT)
        took = monotonic() - began
    assert codes([outcome]) == ["busy"]
    assert LIMIT <= took < GRACE  # the usual wait for its locks is longer
    assert payloads(mariadb_queue) == before
    assert mariadb_queue.count(tables.requests) == mariadb_queue.count(tables.archive) == 0
    # The refusal is not final: the same click succeeds once the row is free.
    assert codes([ask(setup, words, key="one")]) == ["ok"]
    assert broken(mariadb_queue, before) == []


def test_a_change_is_refused_as_busy_while_another_process_writes_to_sqlite(
    sqlite_url: str, request: pytest.FixtureRequest
) -> None:
    queue = make_queue(sqlite_url, grace=0)
    request.addfinalizer(queue.engine.dispose)
    queue.fail(45)
    setup = make_setup(queue)
    waits: list[int] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(_WAIT):
            waits.append(int(statement.removeprefix(_WAIT)))

    with holding(queue, "UPDATE failed_jobs SET queue = 'x'"):
        event.listen(queue.engine, "before_cursor_execute", note)
        outcome = ask(setup, "retry 45", seconds=LIMIT)
    assert codes([outcome]) == ["busy"]
    # The record of the refusal waits for the lock too, and is then dropped.
    assert len(waits) == 2
    assert waits[0] <= 1000 * LIMIT
    assert waits[1] <= 1000 * AUDIT_SECONDS
    assert len(queue.failed) == 1


def test_a_request_is_refused_as_busy_soon_if_the_pool_is_full(mariadb_queue: TestQueue) -> None:
    mariadb_queue.fail(45)
    engine = connect(mariadb_queue.url, pool=1)
    setup = make_setup(mariadb_queue, engine=engine)
    try:
        with engine.connect():
            began = monotonic()
            assert codes([ask(setup, "status")]) == ["busy"]
            assert monotonic() - began < GRACE
        assert len(mariadb_queue.failed) == 1
    finally:
        engine.dispose()


@pytest.mark.parametrize("within", [nullcontext, savepoint])
def test_two_transactions_that_deadlock_both_commit_in_the_end(
    mariadb_queue: TestQueue, within: Callable[[Connection], AbstractContextManager[None]]
) -> None:
    barrier = threading.Barrier(2)
    runs: list[str] = []
    names = ("settled", "scan")

    def add(first: str, second: str) -> None:
        def work(connection: Connection) -> None:
            runs.append(first)
            with within(connection):
                _advance(connection, first)
                if len(runs) <= 2:
                    barrier.wait(GRACE)
                _advance(connection, second)

        changing(mariadb_queue.engine, monotonic() + 2 * GRACE, work)

    with reading(mariadb_queue.engine) as connection:
        before = [position(connection, name) for name in names]
    at_once(lambda: add(*names), lambda: add(*reversed(names)))
    assert len(runs) == 3
    with reading(mariadb_queue.engine) as connection:
        after = [position(connection, name) for name in names]
    assert after == [moved + 2 for moved in before]


def _advance(connection: Connection, name: str) -> None:
    cursors = tables.cursors
    advanced = update(cursors).where(cursors.c.name == name)
    connection.execute(advanced.values(position=cursors.c.position + 1))


def test_a_transaction_whose_connection_is_lost_before_commit_is_repeated(
    mariadb_queue: TestQueue, mariadb_server: MariaDB
) -> None:
    runs: list[int] = []

    def work(connection: Connection) -> None:
        number = connection.execute(text("SELECT CONNECTION_ID()")).scalar_one()
        runs.append(number)
        _advance(connection, "scan")
        if len(runs) == 1:
            mariadb_server.execute(f"KILL {number}")
        _advance(connection, "settled")

    changing(mariadb_queue.engine, monotonic() + 2 * GRACE, work)
    assert len(set(runs)) == len(runs) == 2
    with reading(mariadb_queue.engine) as connection:
        assert [position(connection, name) for name in ("scan", "settled")] == [1, 1]


def test_a_transaction_that_loses_its_connection_three_times_is_not_repeated(
    mariadb_queue: TestQueue, mariadb_server: MariaDB
) -> None:
    runs: list[int] = []

    def work(connection: Connection) -> None:
        number = connection.execute(text("SELECT CONNECTION_ID()")).scalar_one()
        runs.append(number)
        mariadb_server.execute(f"KILL {number}")
        _advance(connection, "settled")

    with pytest.raises(DatabaseDown):
        changing(mariadb_queue.engine, monotonic() + 2 * GRACE, work)
    assert len(runs) == 3


@pytest.fixture
def proxied(mariadb_queue: TestQueue) -> Iterator[tuple[Proxy, Setup]]:
    """A replica whose connections to the database pass through a proxy."""
    url = make_url(mariadb_queue.url)
    with ExitStack() as until_the_end:
        proxy = until_the_end.enter_context(running_proxy(url.host or "", url.port or 0))
        engine = connect(url.set(port=proxy.port).render_as_string(hide_password=False))
        until_the_end.callback(engine.dispose)
        setup = make_setup(mariadb_queue, engine=engine)
        ask(setup, "status")  # opens a connection
        yield proxy, setup


@pytest.mark.parametrize("when", ["before", "at", "after"])
def test_a_commit_whose_answer_is_lost_is_verified_by_the_request_id(
    mariadb_queue: TestQueue, proxied: tuple[Proxy, Setup], when: When
) -> None:
    proxy, setup = proxied
    mariadb_queue.fail(45)
    before = payloads(mariadb_queue)
    proxy.cut("COMMIT", when)
    outcome = ask(setup, "retry 45", key="one")
    assert proxy.cuts == 1
    assert codes([outcome]) == ["ok"]
    if when != "at":
        assert outcome.repeated is (when == "after")
    assert codes([ask(setup, "retry 45", key="one")]) == ["ok"]
    assert len(mariadb_queue.jobs) == 1
    assert mariadb_queue.count(tables.audit) == 1
    assert broken(mariadb_queue, before) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_that_cannot_be_verified_is_reported_as_unknown_until_the_next_request(
    mariadb_queue: TestQueue, proxied: tuple[Proxy, Setup], when: When
) -> None:
    proxy, setup = proxied
    mariadb_queue.fail(45)
    before = payloads(mariadb_queue)
    proxy.cut("COMMIT", when, then_down=True)
    unknown = ask(setup, "retry 45", key="one")
    assert codes([unknown]) == ["outcome-unknown"]
    assert len(mariadb_queue.jobs) == (1 if when == "after" else 0)
    proxy.up()
    later = ask(setup, "retry 45", key="one")
    assert codes([later]) == ["ok"]
    assert later.repeated is (when == "after")
    assert len(mariadb_queue.jobs) == 1
    assert broken(mariadb_queue, before) == []


@pytest.mark.parametrize("command", ["INSERT", "DELETE", "SELECT"])
def test_a_change_whose_connection_is_cut_is_repeated(
    mariadb_queue: TestQueue, proxied: tuple[Proxy, Setup], command: str
) -> None:
    proxy, setup = proxied
    mariadb_queue.fail(45)
    before = payloads(mariadb_queue)
    proxy.cut(command, "after")
    assert codes([ask(setup, "retry 45")]) == ["ok"]
    assert proxy.cuts == 1
    assert len(mariadb_queue.jobs) == 1
    assert broken(mariadb_queue, before) == []


def test_a_database_that_is_down_is_reported_in_time_and_used_after_its_restart(
    mariadb_queue: TestQueue, proxied: tuple[Proxy, Setup]
) -> None:
    proxy, setup = proxied
    mariadb_queue.fail(45)
    proxy.down()
    began = monotonic()
    assert codes([ask(setup, "retry 45", key="one"), ask(setup, "status")]) == ["database-down"] * 2
    assert monotonic() - began < GRACE
    proxy.up()
    assert codes([ask(setup, "retry 45", key="one")]) == ["ok"]
    assert len(mariadb_queue.jobs) == 1


def test_a_read_only_server_is_reported_and_used_after_it_is_writable_again(
    mariadb_queue: TestQueue, mariadb_server: MariaDB
) -> None:
    mariadb_queue.fail(45)
    name = make_url(mariadb_queue.url).database
    # ALL includes the right to write on a read-only server, so this account gets less.
    mariadb_server.execute(
        "CREATE USER plain@'127.0.0.1' IDENTIFIED BY 'plain'",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO plain@'127.0.0.1'",
    )
    url = make_url(mariadb_queue.url).set(username="plain", password="plain")
    engine = connect(url.render_as_string(hide_password=False))
    setup = make_setup(mariadb_queue, engine=engine)
    try:
        mariadb_server.execute("SET GLOBAL read_only = 1")
        assert codes([ask(setup, "retry 45", key="one")]) == ["read-only"]
        assert codes([ask(setup, "status")]) == ["ok"]
        mariadb_server.execute("SET GLOBAL read_only = 0")
        assert codes([ask(setup, "retry 45", key="one")]) == ["ok"]
    finally:
        mariadb_server.execute("SET GLOBAL read_only = 0", "DROP USER plain@'127.0.0.1'")
        engine.dispose()


def test_an_unexpected_database_error_is_raised_and_rolled_back(queue: TestQueue) -> None:
    def work(connection: Connection) -> None:
        set_position(connection, "scan", 5)
        connection.execute(text("SELECT nothing FROM nowhere"))

    with pytest.raises(DBAPIError):
        changing(queue.engine, monotonic() + GRACE, work)
    with reading(queue.engine) as connection:
        assert position(connection, "scan") == 0


def test_a_read_sees_one_snapshot_during_concurrent_commits(queue: TestQueue) -> None:
    queue.push(7)
    with reading(queue.engine, monotonic() + 20) as connection:
        assert connection.execute(select(queue.queue.jobs.c.id)).scalars().all() == [7]
        queue.push(8)
        queue.fail(45)
        # Other tables, too: the next statement sees the same state.
        assert connection.execute(select(queue.queue.failed.c.id)).scalars().all() == []
        assert connection.execute(select(queue.queue.jobs.c.id)).scalars().all() == [7]
    with reading(queue.engine) as connection:
        assert connection.execute(select(queue.queue.jobs.c.id)).scalars().all() == [7, 8]


def test_a_read_is_refused_as_busy_if_a_table_is_truncated_meanwhile(
    mariadb_queue: TestQueue,
) -> None:
    def read_across_a_truncate() -> None:
        with reading(mariadb_queue.engine, monotonic() + 20) as connection:
            connection.execute(select(mariadb_queue.queue.jobs.c.id)).all()
            with mariadb_queue.engine.begin() as another:
                another.execute(text("TRUNCATE failed_jobs"))
            connection.execute(select(mariadb_queue.queue.failed.c.id)).all()

    mariadb_queue.fail(45)
    with pytest.raises(Busy):
        read_across_a_truncate()


def test_no_statement_starts_after_the_deadline(queue: TestQueue) -> None:
    with pytest.raises(Busy):
        changing(queue.engine, monotonic() - 0.1, lambda connection: position(connection, "scan"))
    with pytest.raises(Busy), reading(queue.engine, monotonic() - 0.1) as connection:
        connection.execute(select(func.count()).select_from(tables.cursors))


def test_a_request_after_its_deadline_does_not_start(queue: TestQueue) -> None:
    queue.fail(45)
    setup = replace(make_setup(queue), version="late")
    # A late Slack request has no time to verify the person; a late terminal request does not start.
    terminal = Actor("ana", None, Source.TERMINAL, "ana@host")
    late = Invocation(terminal, request_id("late"), monotonic() - 1)
    outcomes = [ask(setup, "retry 45", seconds=-1), dispatch(setup, late, "retry 45")]
    assert codes(outcomes) == ["unverifiable", "busy"]
    assert queue.jobs == []
    records = [(record.outcome, record.reason) for record in queue.rows(tables.audit)]
    assert records == [("denied", "unverifiable"), ("refused", "busy")]
