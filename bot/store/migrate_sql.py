"""The statements of the missing migrations as text, for a person who reviews or executes them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Engine, Insert, Update, event, inspect
from sqlalchemy.schema import ExecutableDDLElement

from bot.database.dialects import as_sql
from bot.database.engine import connect, own_schema
from bot.database.start import START_SECONDS, at_start
from bot.database.transactions import reading, time_limit
from bot.store.migrate import MIGRATIONS, apply, version
from bot.store.tables.columns import metadata


def pending_statements(engine: Engine) -> list[str]:
    """Return the statements that `migrate` would execute now, in the SQL of this database.

    The migrations run on an empty SQLite file, and each statement is compiled for the database. So
    nothing is changed, and the account needs only the privilege to read the bot's tables.
    """
    with at_start(), reading(engine, time_limit(engine, START_SECONDS)) as connection:
        done = version(connection)
        present = _indexes_by_table(connection)
    statements: list[str] = []
    with _scratch() as scratch, scratch.connect() as raw:
        connection = raw.execution_options(changes=True)
        with connection.begin():
            for number in range(1, len(MIGRATIONS) + 1):
                if number == done + 1:
                    _drop_missing(connection, present)
                    _record(connection, statements, engine)
                apply(connection, number)
    return statements


def _indexes_by_table(connection: Connection) -> dict[str, set[str | None]]:
    """Return the names of the indexes of each of the bot's tables that the database has."""
    every = inspect(connection).get_multi_indexes(
        filter_names=list(metadata.tables), schema=own_schema(connection)
    )
    return {table: {index["name"] for index in indexes} for (_, table), indexes in every.items()}


def _drop_missing(connection: Connection, present: Mapping[str, set[str | None]]) -> None:
    """Drop what the target lacks: the first migration creates all tables of this version."""
    for table in reversed(metadata.sorted_tables):
        if table.name not in present:
            table.drop(connection, checkfirst=True)
            continue
        for index in table.indexes:
            if index.name not in present[table.name]:
                index.drop(connection, checkfirst=True)


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
            statements.append(f"{as_sql(statement, target, own_schema(target))};")

    event.listen(connection, "before_execute", record)
