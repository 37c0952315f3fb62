"""The database's definition of a table: its columns and triggers.

The definitions are read from `information_schema` on MariaDB and MySQL, and from SQLite's pragmas.
A definition stays valid until the end of a transaction that has read the table, because the server
does not let anybody alter a table in use.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, RowMapping, bindparam, text

from bot.database.dialects import is_sqlite, sqlite_name
from bot.database.table_names import split_name

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

TIME_TYPES = frozenset({"datetime", "timestamp"})

UNBOUNDED = 2**62
"""The maximum length of a text in SQLite, which ignores the declared length of a column."""


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """One column of a table.

    `type` is the type's name in lower case without its arguments. `characters` and `bytes` are the
    maximum length of a text or binary column, and None for other types. `fraction` is the
    number of decimal places of the seconds in a time column. `is_filled`: an INSERT may omit the
    column.
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
        """Whether the column stores bytes, which may be invalid as text."""
        return self.type in BINARY_TYPES

    @property
    def largest(self) -> int:
        """The maximum number of an integer column; raises `KeyError` for other types."""
        bits = 8 * INTEGER_BYTES[self.type]
        return (1 << (bits if self.is_unsigned else bits - 1)) - 1


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """One table or view. `engine` is None on SQLite and for views.

    `triggers` maps each trigger's name to its event (`INSERT`, `UPDATE` or `DELETE`). It is None
    if the account may not see triggers, because it lacks the privilege TRIGGER.
    """

    name: str
    kind: Literal["table", "view"]
    engine: str | None
    columns: Mapping[str, ColumnDefinition]
    triggers: Mapping[str, str] | None

    def column(self, name: str) -> ColumnDefinition:
        """The column with this name."""
        return self.columns[name]

    def may_have_trigger_on(self, event: Literal["INSERT", "UPDATE", "DELETE"]) -> bool:
        """Whether a trigger may change the effect of an INSERT, UPDATE or DELETE."""
        return self.triggers is None or event in self.triggers.values()


def read_tables(connection: Connection, names: Sequence[str]) -> dict[str, TableDefinition]:
    """Return the definitions of the named tables and views, without names that do not exist.

    The names have the form of `name_in`.
    """
    if is_sqlite(connection):
        return _read_sqlite(connection, names)
    return _read_server(connection, names)


_TABLES = text(
    "SELECT table_name AS name, table_type AS type, engine AS engine FROM information_schema.tables"
    " WHERE table_schema = :schema AND table_name IN :names"
).bindparams(bindparam("names", expanding=True))
_COLUMNS = text(
    "SELECT table_name AS tbl, column_name AS name, data_type AS type, column_type AS full_type,"
    " is_nullable AS nullable, column_default AS default_value, extra AS extra,"
    " character_maximum_length AS characters, character_octet_length AS bytes,"
    " character_set_name AS charset, datetime_precision AS fraction"
    " FROM information_schema.columns"
    " WHERE table_schema = :schema AND table_name IN :names"
    " ORDER BY table_name, ordinal_position"
).bindparams(bindparam("names", expanding=True))
# dev.mysql.com/doc/refman/8.4/en/information-schema-triggers-table.html: the server lists only the
# triggers of tables on which the account has TRIGGER. This query does not find a privilege that a
# role grants. If only a role grants TRIGGER on a table, the table's triggers count as unknown.
_HOST = "SUBSTRING_INDEX(CURRENT_USER(), '@', -1)"
_USER = f"LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH({_HOST}) - 1)"
_MAY_SEE = f"privilege_type = 'TRIGGER' AND grantee = CONCAT('''', {_USER}, '''@''', {_HOST}, '''')"
_TRIGGERS = text(
    "SELECT event_object_table AS tbl, trigger_name AS name, event_manipulation AS event"  # noqa: S608 no input
    " FROM information_schema.triggers"
    " WHERE event_object_schema = :schema AND event_object_table IN :names"
    " UNION ALL SELECT table_name, NULL, NULL FROM information_schema.table_privileges"
    f" WHERE table_schema = :schema AND {_MAY_SEE}"
    " UNION ALL SELECT '*', NULL, NULL FROM information_schema.schema_privileges"
    f" WHERE :schema LIKE table_schema AND {_MAY_SEE}"
    f" UNION ALL SELECT '*', NULL, NULL FROM information_schema.user_privileges WHERE {_MAY_SEE}"
).bindparams(bindparam("names", expanding=True))


def _read_server(connection: Connection, names: Sequence[str]) -> dict[str, TableDefinition]:
    triggers = read_triggers(connection, names)
    definitions: dict[str, TableDefinition] = {}
    for schema, name_of in _by_database(connection, names).items():
        parameters = {"schema": schema, "names": list(name_of)}
        columns: defaultdict[str, dict[str, ColumnDefinition]] = defaultdict(dict)
        for row in connection.execute(_COLUMNS, parameters).mappings():
            columns[row["tbl"]][row["name"]] = _server_column(row)
        for row in connection.execute(_TABLES, parameters).mappings():
            # The server may ignore the case of a name.
            name = name_of.get(row["name"], row["name"])
            definitions[name] = TableDefinition(
                name=name,
                kind="table" if row["type"] == "BASE TABLE" else "view",
                engine=row["engine"],
                columns=columns[row["name"]],
                triggers=triggers.get(name),
            )
    return definitions


def _by_database(
    connection: Connection, names: Sequence[str]
) -> Mapping[str | None, Mapping[str, str]]:
    """Return the names by database and by the table's name in this database."""
    by_database: defaultdict[str | None, dict[str, str]] = defaultdict(dict)
    for name in names:
        database, table = split_name(connection, name)
        by_database[database][table] = name
    return by_database


def read_triggers(
    connection: Connection, names: Sequence[str]
) -> dict[str, Mapping[str, str] | None]:
    """Return `TableDefinition.triggers` of each named table, on MariaDB and MySQL."""
    known: dict[str, Mapping[str, str] | None] = {}
    for schema, name_of in _by_database(connection, names).items():
        visible: set[str] = set()
        triggers: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for row in connection.execute(_TRIGGERS, {"schema": schema, "names": list(name_of)}):
            if row.name is None:
                visible.add(row.tbl)
            else:
                triggers[row.tbl][row.name] = row.event
        known |= {
            name: triggers[table] if visible & {"*", table} else None
            for table, name in name_of.items()
        }
    return known


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
    return {
        name: TableDefinition(
            name=name,
            kind="view" if present[name].type == "view" else "table",
            engine=None,
            columns=_sqlite_columns(connection, name, present[name].sql or ""),
            triggers=_sqlite_triggers(connection, name),
        )
        for name in names
        if name in present
    }


def _sqlite_columns(connection: Connection, table: str, sql: str) -> dict[str, ColumnDefinition]:
    rows = connection.exec_driver_sql(f"PRAGMA table_xinfo({sqlite_name(table)})").mappings().all()
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
    """Return the first event in a trigger's statement (sqlite.org/lang_createtrigger.html)."""
    words = sql.upper().split()
    return next((word for word in words if word in ("INSERT", "UPDATE", "DELETE")), "UPDATE")
