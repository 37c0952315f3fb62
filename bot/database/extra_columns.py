"""The columns of a queue's table that its layout does not name, in the archive: one JSON text.

`{"uuid": "33…", "notes": null}`: each column's name with the value in hexadecimal, or null. The
server writes and reads it, so that no value passes through Python, and every byte comes back:
text in utf8mb4, bytes as they are, numbers and times as the server writes them in text.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Connection,
    Table,
    TableClause,
    Text,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    null,
    quoted_name,
    select,
)
from sqlalchemy import table as sqlalchemy_table

from bot.database.definitions import INTEGER_BYTES, ColumnDefinition, TableDefinition
from bot.database.dialects import is_sqlite
from bot.database.lossless import in_charset

EXACT_TYPES = frozenset(
    {*INTEGER_BYTES, "decimal", "numeric", "date", "time", "datetime", "timestamp", "year"}
    | {"enum", "set", "boolean", "integer"}
)
"""Types besides text and bytes whose text gives the same value again."""


def extra_columns(
    definition: TableDefinition, named: Collection[str]
) -> tuple[ColumnDefinition, ...]:
    """The columns of the table that the layout does not name and that hold a value of their own."""
    return tuple(
        column
        for column in definition.columns.values()
        if column.name not in named and not column.is_generated
    )


def is_restorable(column: ColumnDefinition) -> bool:
    """Whether the archive gives back exactly what such a column held."""
    return column.is_text or column.is_binary or column.type in EXACT_TYPES


def packed(
    connection: Connection, table: Table, columns: Sequence[ColumnDefinition]
) -> ColumnElement[Any]:
    """The values of these columns of a row as the archive keeps them; NULL if there are none."""
    if not columns:
        return null()
    parts: list[ColumnElement[str]] = []
    for number, one in enumerate(columns):
        value = literal_column(_name(connection, table, one), Text())
        key = ("{" if number == 0 else ", ") + json.dumps(one.name, ensure_ascii=False) + ": "
        hexadecimal = func.hex(_as_bytes(connection, value, one))
        parts.append(literal(key))
        parts.append(case((value.is_(None), literal("null")), else_=_joined('"', hexadecimal, '"')))
    return _joined(*parts, "}")


def unpacked(
    connection: Connection, extra: ColumnElement[str | None], column: ColumnDefinition
) -> ColumnElement[Any]:
    """The value of one column out of what `packed` made."""
    if is_sqlite(connection):
        # Its paths have no way to name a key that holds a quotation mark.
        entries = func.json_each(extra).table_valued("key", "value")
        entry = select(entries.c.value).where(entries.c.key == column.name).scalar_subquery()
        stored = func.unhex(entry)
        return stored if column.is_binary else cast(stored, Text)
    kept = func.json_extract(extra, f"$.{json.dumps(column.name, ensure_ascii=False)}")
    raw = case((func.json_type(kept) == "NULL", null()), else_=func.unhex(func.json_unquote(kept)))
    return raw if column.is_binary else in_charset(raw, "utf8mb4")


def insertable(
    table: Table, names: Sequence[str], columns: Sequence[ColumnDefinition]
) -> TableClause:
    """The table for an INSERT that names these of its columns and these extra ones."""
    # Quoted always: SQLAlchemy does not know every word that a newer server reserves.
    extra: list[ColumnClause[Any]] = [column(quoted_name(one.name, quote=True)) for one in columns]
    return sqlalchemy_table(table.name, *(column(name) for name in names), *extra)


def _name(connection: Connection, table: Table, column: ColumnDefinition) -> str:
    # Not by the dialect's own function: SQLAlchemy doubles a percent sign there and here again.
    mark = '"' if is_sqlite(connection) else "`"
    return ".".join(
        mark + name.replace(mark, 2 * mark) + mark for name in (table.name, column.name)
    )


def _as_bytes(
    connection: Connection, value: ColumnElement[Any], column: ColumnDefinition
) -> ColumnElement[Any]:
    if is_sqlite(connection) or column.is_binary:
        return value
    if column.type in INTEGER_BYTES or not column.is_text:
        # HEX of a number would be the number in base 16, not its text.
        value = cast(value, Text)
    return in_charset(value, "utf8mb4")


def _joined(*parts: str | ColumnElement[Any]) -> ColumnElement[str]:
    # Not CONCAT, which SQLite has only since 3.44; no part is NULL.
    return func.concat_ws("", *parts)
