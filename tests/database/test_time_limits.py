"""A statement gets the remaining time of its request as the server's own time limit.

The tests compare the statements as text, whichever server they run on.
"""

from typing import Any

import pytest
from sqlalchemy import func, insert, make_url, select, text
from sqlalchemy.dialects import mysql

from bot.database.engine import connect
from bot.database.time_limits import limited, lock_wait
from bot.database.transactions import allowed
from bot.queue.layouts import spec_tables
from bot.settings import load_settings
from bot.store import tables
from bot.store.migrate import MIGRATIONS, migrate
from bot.wiring import open_engines

JOBS, FAILED = spec_tables()
KEYS = select(tables.failures.c.failed_id)


def compiled(statement: Any) -> str:
    """Return the statement in MySQL's dialect."""
    return str(statement.compile(dialect=mysql.dialect()))


def test_production_has_no_grace(sqlite_url: str) -> None:
    engines = open_engines(load_settings({"DATABASE_URL": sqlite_url}, need="database"))
    of_each = (engines.requests, engines.background, engines.polling)
    assert [allowed(engine, 1.5) for engine in of_each] == [1.5, 1.5, 1.5]
    assert allowed(connect(sqlite_url, grace=20), 1.5) == 21.5


@pytest.mark.parametrize(
    "statement",
    [
        select(func.count()).select_from(JOBS),
        select(JOBS.c.id).where(JOBS.c.id == 1).with_for_update(),
        text("  SELECT UTC_TIMESTAMP(6)"),
        text("select 1"),
    ],
)
def test_mysql_is_given_the_time_of_a_select_in_a_hint(statement: Any) -> None:
    words = compiled(statement)
    sql = limited(words, 0.4567, on_mariadb=False)
    assert sql.startswith("SELECT /*+ MAX_EXECUTION_TIME(456) */")
    assert sql.removeprefix("SELECT /*+ MAX_EXECUTION_TIME(456) */").split() == words.split()[1:]


@pytest.mark.parametrize(
    "statement",
    [
        insert(JOBS).from_select(["queue"], select(FAILED.c.queue)),
        FAILED.delete().where(FAILED.c.id.in_(KEYS)),
        JOBS.update().values(attempts=1),
        text("SET SESSION innodb_lock_wait_timeout = 1"),
        text("(SELECT 1) UNION (SELECT 2)"),
    ],
)
def test_mysql_is_given_nothing_with_what_it_cannot_limit(statement: Any) -> None:
    words = compiled(statement)
    assert limited(words, 0.5, on_mariadb=False) == words


@pytest.mark.parametrize("word", ["SELECT", "insert", "UPDATE", "DELETE"])
def test_mariadb_is_given_the_time_of_every_statement(word: str) -> None:
    sql = limited(f"{word} x", 0.4567, on_mariadb=True)
    assert sql == f"SET STATEMENT max_statement_time=0.457 FOR {word} x"
    assert limited("SAVEPOINT x", 0.4, on_mariadb=True) == "SAVEPOINT x"


def test_a_rest_of_nothing_is_not_said_as_no_limit() -> None:
    assert "=0.001 " in limited("SELECT 1", 0.000_01, on_mariadb=True)
    assert "TIME(1)" in limited("SELECT 1", 0.000_01, on_mariadb=False)


def test_a_lock_is_waited_for_no_longer_than_there_is_time() -> None:
    assert [lock_wait(left) for left in (None, 30.0, 2.4, 1.9, 0.3)] == [2, 2, 2, 1, 1]


def test_an_address_that_says_mariadb_is_the_same_as_mysql(mariadb_url: str) -> None:
    url = make_url(mariadb_url).set(drivername="mariadb+pymysql")
    engine = connect(url.render_as_string(hide_password=False))
    try:
        assert engine.dialect.name == "mysql"
        assert migrate(engine) == len(MIGRATIONS)
        query = text(
            "SELECT DISTINCT table_collation FROM information_schema.tables "
            "WHERE table_schema = DATABASE()"
        )
        with engine.begin() as connection:
            assert connection.execute(query).scalars().all() == ["utf8mb4_bin"]
    finally:
        engine.dispose()
