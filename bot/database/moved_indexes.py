"""Move an index to another column of its table, which may be new, under the index's name."""

from typing import Any

from sqlalchemy import Column, Connection, Index, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.compiler import DDLCompiler

from bot.database.dialects import is_sqlite
from bot.database.errors import is_access_denied, server_message
from bot.models.refusals import StartError


class AddColumn(ExecutableDDLElement):
    """Add a column to its table.

    This is a statement of its own, because MariaDB and MySQL then need no copy of the table: with
    500,000 rows, this statement and the move take 0.3 s. In one statement, they take 1.9 s.
    """

    def __init__(self, column: Column[Any]) -> None:
        """Set the column."""
        self.column = column


class MoveIndex(ExecutableDDLElement):
    """Add an index to its one column; `replaces`: drop the index of its name from another column.

    On SQLite, this statement only drops the former index, and `AddOnSqlite` follows.
    """

    def __init__(self, index: Index, *, replaces: bool) -> None:
        """Set the index, and whether the table has an index of this name."""
        self.index, self.replaces = index, replaces


class AddOnSqlite(ExecutableDDLElement):
    """Add an index after its former index was dropped; no statement on MariaDB and MySQL."""

    def __init__(self, index: Index) -> None:
        """Set the index."""
        self.index = index


def move_index(connection: Connection, index: Index, schema: str | None) -> None:
    """Make the index of this name an index of its one column; add the column if it is missing.

    The change can be repeated after an interruption. Raises `StartError` if the account lacks the
    privilege to alter the table.
    """
    try:
        _move(connection, index, schema)
    except DBAPIError as error:
        if not is_access_denied(error):
            raise
        sentence = (
            f"The account lacks the privilege ALTER on {index.table}: execute the GRANTs of the "
            "account queue_bot_migrate in docs/operating.md again, then run queue-bot migrate "
            f"({server_message(error)})."
        )
        raise StartError([sentence]) from error


def _move(connection: Connection, index: Index, schema: str | None) -> None:
    table, (column,), inspector = str(index.table), index.columns, inspect(connection)
    present = {one["name"]: one["column_names"] for one in inspector.get_indexes(table, schema)}
    if column.name not in {one["name"] for one in inspector.get_columns(table, schema)}:
        connection.execute(AddColumn(column))
    if present.get(index.name) == [column.name]:
        return
    replaces = index.name in present
    connection.execute(MoveIndex(index, replaces=replaces))
    if replaces and is_sqlite(connection):
        connection.execute(AddOnSqlite(index))


@compiles(AddColumn)
def _added(element: AddColumn, compiler: DDLCompiler, **_: Any) -> str:
    table = compiler.preparer.format_table(element.column.table)
    return f"ALTER TABLE {table} ADD COLUMN {compiler.get_column_specification(element.column)}"


@compiles(MoveIndex)
def _moved(element: MoveIndex, compiler: DDLCompiler, **_: Any) -> str:
    name, (column,) = compiler.preparer.format_index(element.index), element.index.columns
    drop = f"DROP INDEX {name}, " if element.replaces else ""
    add = f"ADD INDEX {name} ({compiler.preparer.format_column(column)})"
    return f"ALTER TABLE {compiler.preparer.format_table(column.table)} {drop}{add}"


@compiles(MoveIndex, "sqlite")
def _dropped(element: MoveIndex, compiler: DDLCompiler, **_: Any) -> str:
    if element.replaces:
        return f"DROP INDEX {compiler.preparer.format_index(element.index)}"
    return _created(element.index, compiler)


@compiles(AddOnSqlite)
def _nothing(_element: AddOnSqlite, _compiler: DDLCompiler, **_: Any) -> str:
    return ""


@compiles(AddOnSqlite, "sqlite")
def _added_on_sqlite(element: AddOnSqlite, compiler: DDLCompiler, **_: Any) -> str:
    return _created(element.index, compiler)


def _created(index: Index, compiler: DDLCompiler) -> str:
    name, (column,) = compiler.preparer.format_index(index), index.columns
    table = compiler.preparer.format_table(column.table, use_schema=False)
    return f"CREATE INDEX {name} ON {table} ({compiler.preparer.format_column(column)})"
