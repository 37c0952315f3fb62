"""Columns that the layout does not name: the server packs each and unpacks the same value."""

from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    insert,
    literal_column,
    select,
    text,
)

from bot.database.definitions import read_tables
from bot.database.dialects import is_sqlite
from bot.database.extra_columns import (
    extra_columns,
    insertable,
    is_restorable,
    packed,
    unpacked,
)
from tests.kit.queues import TestQueue

NAMED = ("id", "queue")
VALUES: dict[str, tuple[str, str]] = {
    "uuid": ("VARCHAR(36) CHARACTER SET ascii", "'33f0-\\\\x'"),
    "notes": ("TEXT CHARACTER SET latin1", "'é ñ ''quoted'' \"twice\"'"),
    "emoji": ("LONGTEXT CHARACTER SET utf8mb4", "'🛒 100 % :name'"),
    "raw": ("LONGBLOB", "X'00FF27225C'"),
    "priority": ("INT UNSIGNED", "4294967295"),
    "small": ("TINYINT", "-128"),
    "price": ("DECIMAL(20,6)", "12345678901234.000100"),
    "day": ("DATE", "'2024-02-29'"),
    "moment": ("DATETIME(6)", "'2024-02-29 23:59:59.123456'"),
    "stamp": ("TIMESTAMP NULL", "'2024-02-29 23:59:59'"),
    "flags": ("SET('a','b','c')", "'a,c'"),
    "kind": ("ENUM('x','y')", "'y'"),
    "empty": ("VARCHAR(10)", "''"),
    "nothing": ("VARCHAR(10)", "NULL"),
    'what\'s "this" 100%': ("VARCHAR(10)", "'odd name'"),
}


def quoted(connection: Connection, name: str) -> str:
    return f'"{name.replace(chr(34), 2 * chr(34))}"' if is_sqlite(connection) else f"`{name}`"


def _make(engine: Engine, columns: dict[str, tuple[str, str]]) -> Table:
    with engine.begin() as connection:
        made = ", ".join(
            f"{quoted(connection, name)} {kind}" for name, (kind, _) in columns.items()
        )
        driver = connection.connection.cursor()
        driver.execute("DROP TABLE IF EXISTS odd")
        driver.execute(f"CREATE TABLE odd (id INTEGER PRIMARY KEY, queue VARCHAR(20), {made})")
    return Table("odd", MetaData(), Column("id"), Column("queue"))


@pytest.fixture
def odd(queue: TestQueue) -> Any:
    engine = queue.engine
    columns = VALUES
    if is_sqlite(engine):
        affinity = {"VARCHAR": "TEXT", "LONGTEXT": "TEXT", "SET(": "TEXT", "ENUM": "TEXT"}
        columns = {
            name: (next((to for of, to in affinity.items() if kind.startswith(of)), kind), value)
            for name, (kind, value) in VALUES.items()
            if name not in ("price", "notes", "raw")
        }
        columns["raw"] = ("BLOB", VALUES["raw"][1])
    table = _make(engine, columns)
    values = ", ".join(value for _, value in columns.values())
    with engine.begin() as connection:
        names = ", ".join(quoted(connection, name) for name in columns)
        connection.connection.cursor().execute(
            f"INSERT INTO odd (id, queue, {names}) VALUES (1, 'q', {values})"
        )
    yield table
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE odd")


def test_every_value_of_an_extra_column_is_restored_unchanged(queue: TestQueue, odd: Table) -> None:
    with queue.engine.begin() as connection:
        definition = read_tables(connection, ["odd"])["odd"]
        extra = extra_columns(definition, NAMED)
        assert all(is_restorable(column) for column in extra)
        kept = select(packed(connection, odd, extra).label("kept"))
        whole = connection.execute(kept.select_from(odd)).scalar_one()
        connection.execute(text("CREATE TEMPORARY TABLE box (kept LONGTEXT)"))
        box = Table("box", MetaData(), Column("kept", Text))
        connection.execute(insert(box).values(kept=whole))
        names: list[Any] = [literal_column(quoted(connection, column.name)) for column in extra]
        target = insertable(odd, ["id"], extra)
        values = [unpacked(connection, box.c.kept, column) for column in extra]
        connection.execute(
            insert(target).from_select(
                list(target.c),
                select(literal_column("2"), *values).select_from(box),
            )
        )
        rows = connection.execute(select(*names).select_from(odd).order_by(odd.c.id)).all()
        connection.execute(text("DROP TABLE box"))
    assert tuple(rows[0]) == tuple(rows[1])


def test_float_and_geometry_columns_are_not_restorable(mariadb_queue: TestQueue) -> None:
    _make(mariadb_queue.engine, {"score": ("FLOAT", "1"), "place": ("GEOMETRY", "NULL")})
    with mariadb_queue.engine.begin() as connection:
        definition = read_tables(connection, ["odd"])["odd"]
        extra = extra_columns(definition, NAMED)
        assert [is_restorable(column) for column in extra] == [False, False]
        connection.exec_driver_sql("DROP TABLE odd")
