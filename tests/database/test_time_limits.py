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
from bot.settings.environment import load_settings
from bot.store import tables
from bot.store.migrate import MIGRATIONS, migrate
from bot.wiring.engines import open_engines

JOBS, FAILED = spec_tables()
KEYS = select(tables.failures.c.failed_id)


def compiled(statement: Any) -> str:
    """Return the statement in MySQL's dialect."""
    return str(statement.compile(dialect=mysql.dialect()))


def test_the_engines_of_production_have_no_grace_time(sqlite_url: str) -> None:
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
def test_the_time_limit_of_a_select_is_a_hint_on_mysql(statement: Any) -> None:
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
def test_a_statement_that_mysql_cannot_limit_has_no_hint(statement: Any) -> None:
    words = compiled(statement)
    assert limited(words, 0.5, on_mariadb=False) == words


@pytest.mark.parametrize("word", ["SELECT", "insert", "UPDATE", "DELETE"])
def test_every_statement_has_a_time_limit_on_mariadb(word: str) -> None:
    sql = limited(f"{word} x", 0.4567, on_mariadb=True)
    assert sql == f"SET STATEMENT max_statement_time=0.457 FOR {word} x"
    assert limited("SAVEPOINT x", 0.4, on_mariadb=True) == "SAVEPOINT x"


def test_a_remaining_time_near_zero_is_not_sent_as_no_limit() -> None:
    assert "=0.001 " in limited("SELECT 1", 0.000_01, on_mariadb=True)
    assert "TIME(1)" in limited("SELECT 1", 0.000_01, on_mariadb=False)


def test_a_lock_wait_is_not_longer_than_the_remaining_time() -> None:
    assert [lock_wait(left) for left in (None, 30.0, 2.4, 1.9, 0.3)] == [2, 2, 2, 1, 1]


def test_a_url_with_the_mariadb_driver_works_like_one_with_the_mysql_driver(
    mariadb_url: str,
) -> None:
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
