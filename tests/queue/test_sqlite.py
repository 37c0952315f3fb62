"""Lock waits of connections to an SQLite file."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from time import monotonic

import pytest
from sqlalchemy import Connection, Engine, event, make_url

from bot.database.engine import connect
from bot.database.time_limits import LOCK_WAIT_SECONDS
from bot.store.migrate import LOCK_SECONDS, migrate


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """An engine with one pooled connection: each transaction reuses the previous one's."""
    made = connect(sqlite_url, pool=1)
    yield made
    made.dispose()


def waits(engine: Engine, **options: object) -> int:
    """Return the lock wait in milliseconds of a transaction with these options."""
    with engine.connect() as raw:
        connection = raw.execution_options(**options)
        with connection.begin():
            return int(connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one())


def test_each_transaction_sets_its_own_lock_wait(engine: Engine) -> None:
    usual = LOCK_WAIT_SECONDS * 1000
    assert waits(engine) == usual
    # A busy machine cannot use up 40 s before the transaction begins.
    assert usual < waits(engine, deadline=monotonic() + 40) <= 40_000
    assert waits(engine) == usual
    assert waits(engine, lock_seconds=60) == 60_000
    assert waits(engine) == usual


def test_the_lock_wait_of_an_engine_applies_to_sqlite(sqlite_url: str) -> None:
    engine = connect(sqlite_url, pool=1, lock_seconds=22)
    assert waits(engine) == 22_000
    assert waits(engine, lock_seconds=60) == 60_000
    engine.dispose()


def test_a_second_migration_on_sqlite_waits_as_long_as_on_mariadb(engine: Engine) -> None:
    statements: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    migrate(engine)
    before_lock = statements[: statements.index("BEGIN IMMEDIATE")]
    assert before_lock[-1] == f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000}"


def test_the_engine_waits_for_a_new_sqlite_file_that_another_process_has_locked(
    engine: Engine, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the other connection may keep the lock for seconds.
    monkeypatch.setattr("bot.database.engine.LOCK_WAIT_SECONDS", 20)
    path = make_url(sqlite_url).database
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        # SQLite does not wait for this lock, whatever its busy timeout is.
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.1, other.rollback)
        release.start()
        with engine.connect() as connection:
            journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        release.join()
    assert journal == "wal"
