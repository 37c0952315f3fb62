"""Table definitions as the servers return them, and the copies that they prove lossless."""

import pytest
from sqlalchemy import Connection

from bot.database.definitions import ColumnDefinition, read_tables
from bot.database.engine import connect
from bot.database.foreign_keys import read_children
from bot.database.lossless import copy_risk
from tests.kit.queues import GRACE, TestQueue
from tests.services.mariadb import MariaDB

TABLES = (
    "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
    """CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL, note VARCHAR(7),
    due INTEGER NOT NULL DEFAULT 3,
    CONSTRAINT of_parent FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE)""",
    """CREATE TRIGGER watched BEFORE DELETE ON child FOR EACH ROW
    BEGIN DELETE FROM parent WHERE id = 0; END""",
    "CREATE VIEW seen AS SELECT id FROM child",
)
GONE = ("DROP VIEW IF EXISTS seen", "DROP TABLE IF EXISTS child", "DROP TABLE IF EXISTS parent")


def _run(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def test_tables_views_keys_and_triggers_are_read(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        _run(connection, (*GONE, *TABLES))
        read = read_tables(connection, ["parent", "child", "seen", "nowhere"])
        _run(connection, GONE)
    assert sorted(read) == ["child", "parent", "seen"]
    assert (read["child"].kind, read["seen"].kind) == ("table", "view")
    assert read["child"].may_have_trigger_on("DELETE")
    assert not read["child"].may_have_trigger_on("INSERT")
    columns = read["child"].columns
    assert list(columns) == ["id", "parent_id", "note", "due"]
    filled = {name: column.is_filled for name, column in columns.items() if name != "id"}
    assert filled == {"parent_id": False, "note": True, "due": True}


def test_a_child_table_names_the_parent_whose_delete_cascades_to_it(
    mariadb_queue: TestQueue,
) -> None:
    with mariadb_queue.engine.begin() as connection:
        _run(connection, (*GONE, *TABLES))
        (key,) = read_children(connection, "parent")
        assert not read_children(connection, "child")
        _run(connection, GONE)
    assert (key.table, key.column, key.parent_column) == ("child", "parent_id", "id")
    assert key.deletes_children


def test_the_definitions_of_the_spec_prove_that_a_retry_loses_no_data(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        read = read_tables(connection, [queue.queue.jobs.name, queue.queue.failed.name])
    jobs, failed = read[queue.queue.jobs.name], read[queue.queue.failed.name]
    assert jobs.columns["id"].is_auto_increment
    for name in ("queue", "payload"):
        assert copy_risk(failed.columns[name], jobs.columns[name]) is None


def test_an_account_without_the_trigger_privilege_cannot_read_the_triggers(
    mariadb_queue: TestQueue, mariadb_server: MariaDB
) -> None:
    """The server lists no triggers for this account; the bot must not assume that none exist."""
    database = mariadb_queue.engine.url.database
    name = mariadb_queue.queue.jobs.name
    mariadb_server.execute(
        "CREATE USER looker@'127.0.0.1' IDENTIFIED BY 'x'",
        f"GRANT SELECT ON {database}.{name} TO looker@'127.0.0.1'",
    )
    engine = connect(mariadb_server.url(str(database), user="looker", password="x"), grace=GRACE)
    try:
        with engine.begin() as connection:
            (definition,) = read_tables(connection, [name]).values()
        assert definition.triggers is None
        assert definition.may_have_trigger_on("INSERT")
        mariadb_server.execute(f"GRANT TRIGGER ON {database}.{name} TO looker@'127.0.0.1'")
        with engine.begin() as connection:
            (definition,) = read_tables(connection, [name]).values()
        assert definition.triggers == {}
    finally:
        engine.dispose()
        mariadb_server.execute("DROP USER looker@'127.0.0.1'")


TEXTS = {
    "narrower text": ("LONGTEXT", "TEXT", (True, False)),
    "wider text": ("TEXT", "LONGTEXT", None),
    "narrower varchar": ("VARCHAR(191)", "VARCHAR(10)", (True, False)),
    "same length, larger set": (
        "VARCHAR(9) CHARACTER SET latin1",
        "VARCHAR(9) CHARACTER SET utf8mb4",
        None,
    ),
    "smaller set": (
        "VARCHAR(9) CHARACTER SET utf8mb4",
        "VARCHAR(9) CHARACTER SET utf8mb3",
        (False, True),
    ),
    "more bytes for the same characters": (
        "TEXT CHARACTER SET latin1",
        "TEXT CHARACTER SET utf8mb4",
        (True, False),
    ),
    "bytes as text": ("LONGBLOB", "LONGTEXT", (False, True)),
    "text as bytes": ("LONGTEXT", "LONGBLOB", (False, True)),
    "padding is cut": ("VARCHAR(9)", "CHAR(9)", (False, True)),
    "zero bytes are padded": ("VARBINARY(4)", "BINARY(4)", (False, True)),
    "larger number": ("BIGINT", "INT", (True, False)),
    "negative number": ("INT", "INT UNSIGNED", (True, False)),
    "small number": ("TINYINT UNSIGNED", "SMALLINT", None),
    "fewer digits": ("DATETIME(6)", "DATETIME", (False, True)),
    "more digits": ("DATETIME", "DATETIME(6)", None),
    "another kind of time": ("DATETIME", "TIMESTAMP", (False, True)),
}


@pytest.mark.parametrize(("source", "destination", "expected"), TEXTS.values(), ids=TEXTS)
def test_the_definitions_of_two_columns_prove_whether_a_copy_can_lose_data(
    mariadb_queue: TestQueue, source: str, destination: str, expected: tuple[bool, bool] | None
) -> None:
    with mariadb_queue.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS pair")
        connection.exec_driver_sql(f"CREATE TABLE pair (a {source} NULL, b {destination} NULL)")
        columns = read_tables(connection, ["pair"])["pair"].columns
        connection.exec_driver_sql("DROP TABLE pair")
    risk = copy_risk(columns["a"], columns["b"])
    assert (None if risk is None else (risk.too_long, risk.may_differ)) == expected


def test_a_copy_into_a_json_column_of_mysql_may_differ() -> None:
    """Only MySQL has this JSON type."""
    document = ColumnDefinition("payload", "json", is_nullable=True, is_filled=True)
    words = ColumnDefinition(
        "payload",
        "longtext",
        is_nullable=True,
        is_filled=True,
        characters=2**32 - 1,
        bytes=2**32 - 1,
        charset="utf8mb4",
    )
    risk = copy_risk(words, document)
    assert risk is not None
    assert risk.may_differ
