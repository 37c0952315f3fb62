"""Archive the columns that a queue table's layout does not name, as one JSON text.

The text has each column's name with its value in hexadecimal, or null:
`{"uuid": "33…", "notes": null}`. The server writes and reads this text, so no value passes through
Python and every byte is restored. A text is stored in utf8mb4, bytes are stored unchanged, and
numbers and times are stored in the server's text form.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnClause,
    ColumnElement,
    Connection,
    Float,
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
from bot.database.dialects import is_sqlite, utf8mb4

EXACT_TYPES = frozenset(
    {*INTEGER_BYTES, "decimal", "numeric", "date", "time", "datetime", "timestamp", "year"}
    | {"enum", "set", "boolean", "integer"}
)
"""Types, apart from text and bytes, that can be converted to text and back without a change."""


def extra_columns(
    definition: TableDefinition, named: Collection[str]
) -> tuple[ColumnDefinition, ...]:
    """Return the table's columns that the layout does not name, without generated columns."""
    return tuple(
        column
        for column in definition.columns.values()
        if column.name not in named and not column.is_generated
    )


def is_restorable(column: ColumnDefinition) -> bool:
    """Whether the archive can restore the exact value of such a column."""
    return column.is_text or column.is_binary or column.type in EXACT_TYPES


def packed(
    connection: Connection, table: Table, columns: Sequence[ColumnDefinition]
) -> ColumnElement[Any]:
    """The values of a row's extra columns in the archive's form; NULL if there are no columns."""
    if not columns:
        return null()
    parts: list[ColumnElement[str]] = []
    for number, extra in enumerate(columns):
        value = literal_column(_name(connection, table, extra), Text())
        name = json.dumps(extra.name, ensure_ascii=False)
        key = ("{" if number == 0 else ", ") + name + ": "
        encoded = _typed(value) if is_sqlite(connection) else func.hex(_as_bytes(value, extra))
        parts.append(literal(key))
        parts.append(case((value.is_(None), literal("null")), else_=_joined('"', encoded, '"')))
    return _joined(*parts, "}")


def unpacked(
    connection: Connection, extra: ColumnElement[str | None], column: ColumnDefinition
) -> ColumnElement[Any]:
    """The value of one column, read from the text that `packed` returns."""
    if is_sqlite(connection):
        # SQLite's JSON paths cannot name a key that contains a quotation mark.
        entries = func.json_each(extra).table_valued("key", "value")
        entry = select(entries.c.value).where(entries.c.key == column.name).scalar_subquery()
        return _untyped(entry, column)
    encoded = func.json_extract(extra, f"$.{json.dumps(column.name, ensure_ascii=False)}")
    raw = case(
        (func.json_type(encoded) == "NULL", null()), else_=func.unhex(func.json_unquote(encoded))
    )
    return raw if column.is_binary else utf8mb4(raw)


def insertable(
    table: Table, names: Sequence[str], columns: Sequence[ColumnDefinition]
) -> TableClause:
    """Return the table for an INSERT into the named columns and the extra columns."""
    # All names are quoted, because SQLAlchemy does not know every reserved word of newer servers.
    extra: list[ColumnClause[Any]] = [
        column(quoted_name(definition.name, quote=True)) for definition in columns
    ]
    columns_of = (*(column(name) for name in names), *extra)
    return sqlalchemy_table(table.name, *columns_of, schema=table.schema)


def _name(connection: Connection, table: Table, column: ColumnDefinition) -> str:
    # SQLAlchemy doubles a percent sign later. The dialect's own function would double it here too.
    mark = '"' if is_sqlite(connection) else "`"
    return ".".join(
        mark + name.replace(mark, 2 * mark) + mark for name in (table.name, column.name)
    )


def _typed(value: ColumnElement[Any]) -> ColumnElement[str]:
    """A value and its storage class in SQLite, where each column can store every class."""
    # sqlite.org/printf.html: 17 digits are enough for every number.
    text = case((func.typeof(value) == "real", func.printf("%!.17g", value)), else_=value)
    return _joined(func.typeof(value), ":", func.hex(text))


def _untyped(entry: ColumnElement[Any], column: ColumnDefinition) -> ColumnElement[Any]:
    """The value from the text of `_typed`; archives before 0.3 have only the hexadecimal digits."""
    colon = func.instr(entry, ":")
    stored = func.unhex(func.substr(entry, colon + 1))
    kind = func.substr(entry, 1, colon - 1)
    # SQLite converts a numeric text to a number if the column's affinity requires a number.
    old = stored if column.is_binary else cast(stored, Text)
    return case(
        (kind == "blob", stored),
        (kind == "integer", cast(cast(stored, Text), BigInteger)),
        (kind == "real", cast(cast(stored, Text), Float)),
        (kind == "text", cast(stored, Text)),
        else_=old,
    )


def _as_bytes(value: ColumnElement[Any], column: ColumnDefinition) -> ColumnElement[Any]:
    if column.is_binary:
        return value
    if column.type in INTEGER_BYTES or not column.is_text:
        # HEX of a number returns the number in base 16, not the bytes of the number's text.
        value = cast(value, Text)
    return utf8mb4(value)


def _joined(*parts: str | ColumnElement[Any]) -> ColumnElement[str]:
    # SQLite has CONCAT since 3.44. CONCAT_WS returns the same text, because no part is NULL.
    return func.concat_ws("", *parts)
