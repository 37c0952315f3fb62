"""A table of the queue, as a layout declares it."""

from typing import Any

from sqlalchemy import Column, MetaData, Table

from bot.database.column_types import RowId


def rows_table(name: str, metadata: MetaData, schema: str | None, *columns: Column[Any]) -> Table:
    """Return a table whose rows have a generated id, on every database."""
    return Table(
        name,
        metadata,
        Column("id", RowId, primary_key=True, autoincrement=True),
        *columns,
        schema=schema,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        sqlite_autoincrement=True,
    )
