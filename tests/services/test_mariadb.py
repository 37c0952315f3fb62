"""The tests' server is real, has its own data, and is removed at the end."""

import os
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.services.mariadb import START_SECONDS, MariaDB, running_mariadb


def test_each_test_has_an_empty_database_of_its_own(mariadb_url: str) -> None:
    engine = sa.create_engine(mariadb_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE mine (id INT PRIMARY KEY) ENGINE=InnoDB"))
        assert (
            connection.scalar(
                sa.text(
                    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"
                )
            )
            == 1
        )
    engine.dispose()


def test_a_database_is_dropped_at_the_end(mariadb_server: MariaDB) -> None:
    with mariadb_server.database() as name:
        pass
    engine = sa.create_engine(mariadb_server.url())
    with engine.connect() as connection:
        names = connection.scalars(sa.text("SHOW DATABASES")).all()
    engine.dispose()
    assert name not in names


def test_a_killed_server_keeps_its_commits_and_restarts_at_the_same_url() -> None:
    with running_mariadb("--innodb-flush-log-at-trx-commit=1") as server, server.database() as name:
        server.execute(f"CREATE TABLE {name}.kept (id INT PRIMARY KEY)")
        server.execute(f"INSERT INTO {name}.kept VALUES (7)")
        url = server.url(name)
        server.kill()
        server.start()
        assert server.url(name) == url
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT id FROM kept")) == 7
        engine.dispose()


def test_a_stopped_server_leaves_no_process_and_no_files() -> None:
    began = time.monotonic()
    with running_mariadb() as server:
        pid, folder = server.pid, server.folder
        assert time.monotonic() - began < 2 * START_SECONDS
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_both_kinds_of_database_answer(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.literal(1))) == 1
    engine.dispose()


def test_an_sqlite_file_is_not_there_before_its_test(sqlite_url: str) -> None:
    assert not Path(sqlite_url.removeprefix("sqlite:///")).exists()
