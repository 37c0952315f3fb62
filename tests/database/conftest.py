"""Reused databases for every test here, and a server whose defaults all conflict with the bot."""

from collections.abc import Iterator

import pytest

from tests.kit.accounts import PASSWORD, Account
from tests.kit.kept_database import mariadb_queue, queue
from tests.services.mariadb import MariaDB, running_mariadb
from tests.services.programs import is_mysql

__all__ = ["hostile", "hostile_server", "mariadb_queue", "queue"]

HOSTILE_OPTIONS = (
    "--log-bin",
    "--binlog-format=STATEMENT",
    "--innodb-default-row-format=compact",
    "--character-set-server=latin1",
    "--sql-mode=ORACLE",
    "--transaction-isolation=SERIALIZABLE",
    "--default-time-zone=-05:00",
    "--default-storage-engine=MyISAM",
)
"""Start options that an administrator may use; each conflicts with the bot's assumptions."""
HOSTILE_SETTINGS = {
    "completion_type": "CHAIN",
    "group_concat_max_len": 4,
    "lock_wait_timeout": 1000,
    "innodb_lock_wait_timeout": 1000,
    "div_precision_increment": 0,
    "max_sort_length": 64,
    "sql_safe_updates": 1,
    "check_constraint_checks": 0,
    "foreign_key_checks": 0,
    "unique_checks": 0,
    "sql_quote_show_create": 0,
    "sql_select_limit": 2,
    "sql_auto_is_null": 1,
    "max_join_size": 2,
    "max_statement_time": 300,
    "old_mode": "ZERO_DATE_TIME_CAST",
}
"""Settings that an administrator may change on the running server."""


@pytest.fixture(scope="session")
def hostile_server() -> Iterator[MariaDB]:
    """One server for the whole run, started with `HOSTILE_OPTIONS`."""
    options: tuple[str, ...] = HOSTILE_OPTIONS
    if is_mysql():
        # MySQL no longer has the mode ORACLE.
        options = tuple(option.replace("ORACLE", "ANSI") for option in options)
    with running_mariadb(*options) as server:
        yield server


@pytest.fixture
def hostile(hostile_server: MariaDB) -> Iterator[Account]:
    """An empty database of the hostile server, with an account for this database only."""
    with hostile_server.database() as name:
        user = f"u{name}"
        hostile_server.execute(
            f"ALTER DATABASE {name} CHARACTER SET latin1",
            f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
            f"GRANT ALL ON {name}.* TO {user}@'127.0.0.1'",
        )
        yield Account(hostile_server, name, user)
        hostile_server.execute(f"DROP USER {user}@'127.0.0.1'")


@pytest.fixture
def account(hostile: Account, hostile_server: MariaDB) -> Iterator[Account]:
    """An account with rights on one empty database of a server that accepts its changes."""
    hostile_server.execute("SET GLOBAL binlog_format = 'MIXED'")
    yield hostile
    hostile_server.execute("SET GLOBAL binlog_format = 'STATEMENT'")
