"""Foreign keys of other tables that refer to a table.

The server lists only the keys of tables for which the account has a privilege.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from bot.database.dialects import is_sqlite, sqlite_name


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key: which column of `table` refers to which column of `parent`.

    `schema` is the database of `table`, or None on SQLite.
    """

    name: str
    schema: str | None
    table: str
    column: str
    parent: str
    parent_column: str
    on_delete: str

    @property
    def deletes_children(self) -> bool:
        """Whether the database deletes or changes the rows that refer to a deleted row."""
        return self.on_delete.upper() in ("CASCADE", "SET NULL", "SET DEFAULT")


_CHILDREN = text(
    "SELECT k.constraint_name AS name, k.table_schema AS home, k.table_name AS tbl,"
    " k.column_name AS col, k.referenced_column_name AS parent_col, r.delete_rule AS on_delete"
    " FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r"
    " ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name"
    " AND r.table_name = k.table_name"
    " WHERE k.referenced_table_schema = DATABASE() AND k.referenced_table_name = :name"
    " ORDER BY k.table_name, k.constraint_name, k.ordinal_position"
)


def read_children(connection: Connection, name: str) -> Sequence[ForeignKey]:
    """Return the foreign keys that refer to this table."""
    if is_sqlite(connection):
        return _read_sqlite(connection, name)
    return [
        ForeignKey(row.name, row.home, row.tbl, row.col, name, row.parent_col, row.on_delete)
        for row in connection.execute(_CHILDREN, {"name": name})
    ]


_SQLITE_TABLES = text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")


def _read_sqlite(connection: Connection, name: str) -> Sequence[ForeignKey]:
    return [
        ForeignKey(
            f"{table}.{row['from']}",
            None,
            table,
            row["from"],
            row["table"],
            row["to"] or "id",
            row["on_delete"],
        )
        for table in connection.execute(_SQLITE_TABLES).scalars().all()
        for row in _sqlite_keys(connection, table)
        if row["table"] == name
    ]


def _sqlite_keys(connection: Connection, table: str) -> Any:
    rows = connection.exec_driver_sql(f"PRAGMA foreign_key_list({sqlite_name(table)})")
    return rows.mappings().all()
