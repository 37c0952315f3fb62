"""The database's definition of a table: its columns, keys, triggers and foreign keys.

The definitions are read from `information_schema` on MariaDB and MySQL, and from SQLite's pragmas.
They stay valid for the rest of a transaction that has already read the table: the server prevents
changes to a table in use.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, bindparam, text

from bot.database.dialects import is_sqlite

TEXT_TYPES = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json"})
BINARY_TYPES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
INTEGER_BYTES: Mapping[str, int] = {
    "tinyint": 1,
    "smallint": 2,
    "mediumint": 3,
    "int": 4,
    "integer": 4,
    "bigint": 8,
}
"""The size of each integer type (dev.mysql.com/doc/refman/8.4/en/integer-types.html)."""

UNBOUNDED = 2**62
"""The length of a text in SQLite, which does not enforce a column's declared length."""


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """One column of a table.

    `type` is the type's name in lower case without its arguments. `characters` and `bytes` are the
    maximum length of a text or binary column; both are None for other types. `fraction` is the
    number of digits after the second in a time column. `is_filled`: an INSERT may omit the column.
    """

    name: str
    type: str
    is_nullable: bool
    is_filled: bool
    is_generated: bool = False
    is_auto_increment: bool = False
    is_unsigned: bool = False
    characters: int | None = None
    bytes: int | None = None
    charset: str | None = None
    fraction: int | None = None

    @property
    def is_text(self) -> bool:
        """Whether the column holds characters."""
        return self.type in TEXT_TYPES

    @property
    def is_binary(self) -> bool:
        """Whether the column holds bytes that need not be valid text."""
        return self.type in BINARY_TYPES

    @property
    def largest(self) -> int:
        """The greatest number of an integer column; raises `KeyError` for other types."""
        bits = 8 * INTEGER_BYTES[self.type]
        return (1 << (bits if self.is_unsigned else bits - 1)) - 1


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key: which column of `table` refers to which column of `parent`."""

    name: str
    table: str
    column: str
    parent: str
    parent_column: str
    on_delete: str

    @property
    def deletes_children(self) -> bool:
        """Whether the database deletes or changes the rows that refer to a deleted row."""
        return self.on_delete.upper() in ("CASCADE", "SET NULL", "SET DEFAULT")


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """One table or view. `engine` is None on SQLite and for views.

    `triggers` maps each trigger's name to its event (`INSERT`, `UPDATE` or `DELETE`). It is None
    if the account may not see triggers, because it lacks the privilege TRIGGER.
    `children` are the foreign keys of other tables that refer to this one.
    """

    name: str
    kind: Literal["table", "view"]
    engine: str | None
    columns: Mapping[str, ColumnDefinition]
    triggers: Mapping[str, str] | None
    foreign_keys: Sequence[ForeignKey] = ()
    children: Sequence[ForeignKey] = ()

    def column(self, name: str) -> ColumnDefinition:
        """The column with this name."""
        return self.columns[name]

    def may_have_trigger_on(self, event: Literal["INSERT", "UPDATE", "DELETE"]) -> bool:
        """Whether a trigger may change the effect of such a statement."""
        return self.triggers is None or event in self.triggers.values()


def read_tables(connection: Connection, names: Sequence[str]) -> dict[str, TableDefinition]:
    """Return the definitions of the named tables and views; names that do not exist are absent."""
    if is_sqlite(connection):
        return _read_sqlite(connection, names)
    return _read_server(connection, names)


_TABLES = text(
    "SELECT table_name AS name, table_type AS type, engine AS engine FROM information_schema.tables"
    " WHERE table_schema = DATABASE() AND table_name IN :names"
).bindparams(bindparam("names", expanding=True))
_COLUMNS = text(
    "SELECT table_name AS tbl, column_name AS name, data_type AS type, column_type AS full_type,"
    " is_nullable AS nullable, column_default AS default_value, extra AS extra,"
    " character_maximum_length AS characters, character_octet_length AS bytes,"
    " character_set_name AS charset, datetime_precision AS fraction"
    " FROM information_schema.columns"
    " WHERE table_schema = DATABASE() AND table_name IN :names"
    " ORDER BY table_name, ordinal_position"
).bindparams(bindparam("names", expanding=True))
_TRIGGERS = text(
    "SELECT event_object_table AS tbl, trigger_name AS name, event_manipulation AS event"
    " FROM information_schema.triggers"
    " WHERE event_object_schema = DATABASE() AND event_object_table IN :names"
).bindparams(bindparam("names", expanding=True))
_KEYS = text(
    "SELECT k.constraint_name AS name, k.table_name AS tbl, k.column_name AS col,"
    " k.referenced_table_name AS parent, k.referenced_column_name AS parent_col,"
    " r.delete_rule AS on_delete"
    " FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r"
    " ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name"
    " AND r.table_name = k.table_name"
    " WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL"
    " AND (k.table_name IN :names OR k.referenced_table_name IN :names)"
).bindparams(bindparam("names", expanding=True))


# dev.mysql.com/doc/refman/8.4/en/information-schema-triggers-table.html: the server lists only the
# triggers of tables for which the account has TRIGGER. This query misses a privilege that comes
# from a role; the triggers of such tables count as unknown.
_MAY_SEE_TRIGGERS = text(
    "SELECT table_name AS tbl FROM information_schema.table_privileges"
    " WHERE privilege_type = 'TRIGGER' AND table_schema = DATABASE() AND grantee = :grantee"
    " UNION SELECT '*' FROM information_schema.schema_privileges"
    " WHERE privilege_type = 'TRIGGER' AND DATABASE() LIKE table_schema AND grantee = :grantee"
    " UNION SELECT '*' FROM information_schema.user_privileges"
    " WHERE privilege_type = 'TRIGGER' AND grantee = :grantee"
)


def _read_server(connection: Connection, names: Sequence[str]) -> dict[str, TableDefinition]:
    parameters = {"names": list(names)}
    columns: defaultdict[str, dict[str, ColumnDefinition]] = defaultdict(dict)
    for row in connection.execute(_COLUMNS, parameters).mappings():
        columns[row["tbl"]][row["name"]] = _server_column(row)
    user, _, host = str(connection.execute(text("SELECT CURRENT_USER()")).scalar()).rpartition("@")
    visible = set(
        connection.execute(_MAY_SEE_TRIGGERS, {"grantee": f"'{user}'@'{host}'"}).scalars()
    )
    triggers: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(_TRIGGERS, parameters).mappings():
        triggers[row["tbl"]][row["name"]] = row["event"]
    keys = [
        ForeignKey(
            row["name"],
            row["tbl"],
            row["col"],
            row["parent"],
            row["parent_col"],
            row["on_delete"],
        )
        for row in connection.execute(_KEYS, parameters).mappings()
    ]
    return {
        row["name"]: TableDefinition(
            name=row["name"],
            kind="table" if row["type"] == "BASE TABLE" else "view",
            engine=row["engine"],
            columns=columns[row["name"]],
            triggers=triggers[row["name"]] if visible & {"*", row["name"]} else None,
            foreign_keys=[key for key in keys if key.table == row["name"]],
            children=[key for key in keys if key.parent == row["name"]],
        )
        for row in connection.execute(_TABLES, parameters).mappings()
    }


def _server_column(row: RowMapping) -> ColumnDefinition:
    extra = (row["extra"] or "").lower()
    is_generated = "generated" in extra and "default_generated" not in extra
    is_auto_increment = "auto_increment" in extra
    is_nullable = row["nullable"] == "YES"
    has_default = row["default_value"] is not None or is_nullable
    return ColumnDefinition(
        name=row["name"],
        type=row["type"].lower(),
        is_nullable=is_nullable,
        is_filled=has_default or is_generated or is_auto_increment,
        is_generated=is_generated,
        is_auto_increment=is_auto_increment,
        is_unsigned="unsigned" in row["full_type"].lower(),
        characters=row["characters"],
        bytes=row["bytes"],
        charset=row["charset"],
        fraction=row["fraction"],
    )


def _read_sqlite(connection: Connection, names: Sequence[str]) -> dict[str, TableDefinition]:
    master = text("SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')")
    present = {row.name: row for row in connection.execute(master)}
    keys = [key for name in present for key in _sqlite_keys(connection, name)]
    return {
        name: TableDefinition(
            name=name,
            kind="view" if present[name].type == "view" else "table",
            engine=None,
            columns=_sqlite_columns(connection, name, present[name].sql or ""),
            triggers=_sqlite_triggers(connection, name),
            foreign_keys=[key for key in keys if key.table == name],
            children=[key for key in keys if key.parent == name],
        )
        for name in names
        if name in present
    }


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _sqlite_columns(connection: Connection, table: str, sql: str) -> dict[str, ColumnDefinition]:
    rows = connection.exec_driver_sql(f"PRAGMA table_xinfo({_quoted(table)})").mappings().all()
    only_key = [row["name"] for row in rows if row["pk"]]
    return {row["name"]: _sqlite_column(row, only_key, sql) for row in rows}


def _sqlite_column(row: RowMapping, key: Sequence[str], sql: str) -> ColumnDefinition:
    declared = row["type"].lower()
    # sqlite.org/autoinc.html: only INTEGER PRIMARY KEY AUTOINCREMENT never reuses an id.
    counts_up = key == [row["name"]] and declared == "integer"
    is_nullable = not row["notnull"] and not row["pk"]
    is_generated = row["hidden"] in (2, 3)
    kind = declared.replace("(", " ").split()[0] if declared else ""
    holds_text = any(part in declared for part in ("char", "clob", "text", "json"))
    # sqlite.org/datatype3.html: a column without a type stores each value unchanged.
    holds_bytes = "blob" in declared or not declared
    unbounded = UNBOUNDED if holds_text or holds_bytes else None
    return ColumnDefinition(
        name=row["name"],
        type="longtext" if holds_text else "longblob" if holds_bytes else kind,
        is_nullable=is_nullable,
        is_filled=is_nullable or row["dflt_value"] is not None or is_generated or counts_up,
        is_generated=is_generated,
        is_auto_increment=counts_up and "autoincrement" in sql.lower(),
        characters=unbounded,
        bytes=unbounded,
        charset="utf8mb4" if holds_text else None,
    )


def _sqlite_triggers(connection: Connection, table: str) -> dict[str, str]:
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name")
    return {
        row.name: _event_of(row.sql or "") for row in connection.execute(query, {"name": table})
    }


def _event_of(sql: str) -> str:
    """Return a trigger's event: the first such word (sqlite.org/lang_createtrigger.html)."""
    words = sql.upper().split()
    return next((word for word in words if word in ("INSERT", "UPDATE", "DELETE")), "UPDATE")


def _sqlite_keys(connection: Connection, table: str) -> list[ForeignKey]:
    rows: Any = connection.exec_driver_sql(f"PRAGMA foreign_key_list({_quoted(table)})").mappings()
    return [
        ForeignKey(
            f"{table}.{row['from']}",
            table,
            row["from"],
            row["table"],
            row["to"] or "id",
            row["on_delete"],
        )
        for row in rows
    ]
