"""The statements of the missing migrations as text, for a person who reviews or executes them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Insert,
    Table,
    Update,
    delete,
    event,
    inspect,
    select,
    text,
)
from sqlalchemy.schema import ExecutableDDLElement

from bot.database.dialects import as_sql
from bot.database.engine import connect, own_schema
from bot.database.start import START_SECONDS, at_start
from bot.database.transactions import reading, time_limit
from bot.store.migrate import MIGRATIONS, apply, version
from bot.store.tables import cursors, leases
from bot.store.tables.columns import metadata


def pending_statements(engine: Engine) -> list[str]:
    """Return the statements that `migrate` would execute now, in the SQL of this database.

    The migrations run on an empty SQLite file, and each statement is compiled for the database. So
    nothing is changed, and the account needs only the privilege to read the bot's tables.
    """
    with at_start(), reading(engine, time_limit(engine, START_SECONDS)) as connection:
        done = version(connection)
        present = _present_tables(connection)
        named = _present_names(connection, present)
    statements: list[str] = []
    with _scratch() as scratch, scratch.connect() as raw:
        connection = raw.execution_options(changes=True)
        with connection.begin():
            for number in range(1, len(MIGRATIONS) + 1):
                if number == done + 1:
                    _drop_missing(connection, present)
                    _delete_missing(connection, named)
                    _record(connection, statements, engine)
                apply(connection, number)
    return statements


@dataclass(frozen=True, slots=True)
class _Present:
    """What the target has of one of the bot's tables: its columns, and the columns by index."""

    columns: frozenset[str]
    indexes: Mapping[str | None, list[str | None]]


def _present_tables(connection: Connection) -> dict[str, _Present]:
    """Return what the target has of each of the bot's tables."""
    schema, names = own_schema(connection), list(metadata.tables)
    inspector = inspect(connection)
    columns = inspector.get_multi_columns(filter_names=names, schema=schema)
    indexes = inspector.get_multi_indexes(filter_names=names, schema=schema)
    return {
        table: _Present(
            frozenset(column["name"] for column in of_table),
            {index["name"]: index["column_names"] for index in indexes[schema, table]},
        )
        for (_, table), of_table in columns.items()
    }


def _drop_missing(connection: Connection, present: Mapping[str, _Present]) -> None:
    """Drop what the target lacks: the first migration creates all tables of this version."""
    for table in reversed(metadata.sorted_tables):
        if table.name not in present:
            table.drop(connection, checkfirst=True)
            continue
        there = present[table.name]
        for index in table.indexes:
            if there.indexes.get(index.name) != index.columns.keys():
                index.drop(connection, checkfirst=True)
        for column in table.columns:
            if column.name not in there.columns:
                connection.execute(text(f"ALTER TABLE {table.name} DROP COLUMN {column.name}"))
        for index in table.indexes:
            columns = there.indexes.get(index.name)
            if columns and columns != index.columns.keys():
                # A later version moved the index: the target has its name on other columns.
                on = f"{table.name} ({', '.join(map(str, columns))})"
                connection.execute(text(f"CREATE INDEX {index.name} ON {on}"))


def _present_names(
    connection: Connection, present: Mapping[str, _Present]
) -> dict[Table, list[str]]:
    """Return the names of the leases and cursors of the target."""
    return {
        table: list(connection.execute(select(table.c.name)).scalars())
        for table in (leases, cursors)
        if table.name in present
    }


def _delete_missing(connection: Connection, named: Mapping[Table, list[str]]) -> None:
    """Delete the leases and cursors that the target lacks, so that a migration inserts them."""
    for table, names in named.items():
        connection.execute(delete(table).where(table.c.name.not_in(names)))


@contextmanager
def _scratch() -> Iterator[Engine]:
    with TemporaryDirectory(prefix="queue-bot-") as folder:
        engine = connect(f"sqlite:///{Path(folder) / 'scratch.sqlite3'}")
        try:
            yield engine
        finally:
            engine.dispose()


def _record(connection: Connection, statements: list[str], target: Engine) -> None:
    """Add each further changing statement of this connection to `statements`."""

    def record(_connection: Connection, statement: Any, *_: Any) -> None:
        if isinstance(statement, ExecutableDDLElement | Insert | Update):
            sql = as_sql(statement, target, own_schema(target))
            # MariaDB and MySQL need no statement for some parts that SQLite executes one by one.
            if sql:
                statements.append(f"{sql};")

    event.listen(connection, "before_execute", record)
