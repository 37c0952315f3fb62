"""Migrate is refused with a sentence: rights, locks, disk space, and files that are no database."""

from pathlib import Path

import pytest

from bot.database.engine import connect
from bot.models.refusals import StartError
from bot.store.migrate import MIGRATIONS, migrate
from tests.kit.accounts import Account
from tests.kit.start_problems import ON_MARIADB, checked
from tests.services.mariadb import running_mariadb
from tests.services.programs import is_own


def test_migrate_is_refused_if_the_account_may_not_create_tables(account: Account) -> None:
    account.server.execute(
        f"REVOKE ALL ON {account.database}.* FROM {account.user}@'127.0.0.1'",
        f"GRANT SELECT ON {account.database}.* TO {account.user}@'127.0.0.1'",
    )
    engine = connect(account.url)
    with pytest.raises(StartError, match=r"lacks a right.*1142"):
        migrate(engine)
    engine.dispose()


def test_migrate_is_refused_if_the_server_is_read_only(account: Account) -> None:
    account.server.execute("SET GLOBAL read_only = 1")
    engine = connect(account.url)
    try:
        with pytest.raises(StartError, match=r"accepts no changes.*1290"):
            migrate(engine)
    finally:
        account.server.execute("SET GLOBAL read_only = 0")
    # `migrate` now creates the tables that it could not create before.
    assert migrate(engine) == len(MIGRATIONS)
    engine.dispose()


@ON_MARIADB
def test_migrate_is_refused_if_the_server_enforces_another_engine(account: Account) -> None:
    account.server.execute("SET GLOBAL enforce_storage_engine = 'MyISAM'")
    engine = connect(account.url)
    try:
        with pytest.raises(StartError, match=r"InnoDB tables.*1290"):
            migrate(engine)
    finally:
        account.server.execute("SET GLOBAL enforce_storage_engine = NULL")
        engine.dispose()


def test_migrate_is_refused_if_another_session_has_locked_the_database(account: Account) -> None:
    engine = connect(account.url, lock_seconds=1)
    with connect(account.administrator_url).connect() as held:
        held.exec_driver_sql("FLUSH TABLES WITH READ LOCK")
        with pytest.raises(StartError, match=r"Another session holds.*1205"):
            migrate(engine)
        # A rollback keeps this lock, and the pool keeps the connection.
        held.exec_driver_sql("UNLOCK TABLES")
    engine.dispose()


@pytest.mark.skipif(not is_own(), reason="11.8 has room beside its system tablespace")
def test_migrate_is_refused_if_the_server_has_no_disk_space() -> None:
    options = ("--skip-innodb-file-per-table", "--innodb-data-file-path=ibdata1:12M")
    # The database is not dropped, because a full server has no room for that either.
    with running_mariadb(*options) as server:
        name = "shop"
        server.execute(f"CREATE DATABASE {name}")
        engine = connect(server.url(name))
        with pytest.raises(StartError, match=r"no room left.*(1005|1114|1815)"):
            migrate(engine)
        engine.dispose()


def test_migrate_is_refused_if_a_view_has_the_name_of_a_table(account: Account) -> None:
    account.server.execute(f"CREATE VIEW {account.database}.queue_bot_migrations AS SELECT 1 AS x")
    with pytest.raises(StartError, match=r"refuses what queue-bot needs.*version.*1054"):
        checked(account.url, migrate)


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("sqlite:////proc/no/such/queue.sqlite3", "folder"),
        ("sqlite:////dev/null", "SQLite file"),
        ("sqlite:////usr", "SQLite file"),
    ],
)
def test_migrate_is_refused_if_the_sqlite_file_cannot_be_created(address: str, word: str) -> None:
    with pytest.raises(StartError, match=word):
        checked(address, migrate)


def test_migrate_is_refused_if_the_file_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database " * 100)
    engine = connect(f"sqlite:///{tmp_path / 'notes.txt'}")
    with pytest.raises(StartError, match="no SQLite database"):
        migrate(engine)
