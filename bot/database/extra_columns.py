"""Archive the columns that a queue table's layout does not name, as one JSON text.

`{"uuid": "33…", "notes": null}`: each column's name with the value in hexadecimal, or null. The
server writes and reads this text, so no value passes through Python, and every byte is restored:
text in utf8mb4, bytes unchanged, numbers and times as the server's text form.
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
"""Types besides text and bytes whose text form converts back to the same value."""


def extra_columns(
    definition: TableDefinition, named: Collection[str]
) -> tuple[ColumnDefinition, ...]:
    """Return the table's columns that the layout does not name, except generated ones."""
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
    """The values of a row's columns as the archive stores them; NULL if there are no columns."""
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
    """The value of one column from the text that `packed` makes."""
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
    # Always quoted: SQLAlchemy does not know all reserved words of newer servers.
    extra: list[ColumnClause[Any]] = [
        column(quoted_name(definition.name, quote=True)) for definition in columns
    ]
    return sqlalchemy_table(table.name, *(column(name) for name in names), *extra)


def _name(connection: Connection, table: Table, column: ColumnDefinition) -> str:
    # The dialect's own function would double a percent sign, which SQLAlchemy doubles again later.
    mark = '"' if is_sqlite(connection) else "`"
    return ".".join(
        mark + name.replace(mark, 2 * mark) + mark for name in (table.name, column.name)
    )


def _typed(value: ColumnElement[Any]) -> ColumnElement[str]:
    """A value of SQLite with its storage class: any column may hold a value of any class."""
    # sqlite.org/printf.html: 17 digits are enough for every number.
    text = case((func.typeof(value) == "real", func.printf("%!.17g", value)), else_=value)
    return _joined(func.typeof(value), ":", func.hex(text))


def _untyped(entry: ColumnElement[Any], column: ColumnDefinition) -> ColumnElement[Any]:
    """The value of `_typed`; before 0.3 an archive had the hexadecimal digits alone."""
    colon = func.instr(entry, ":")
    stored = func.unhex(func.substr(entry, colon + 1))
    kind = func.substr(entry, 1, colon - 1)
    # A text that is a number becomes one where the column's affinity makes numbers of texts.
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
        # HEX of a number is the number in base 16, not the bytes of its text.
        value = cast(value, Text)
    return utf8mb4(value)


def _joined(*parts: str | ColumnElement[Any]) -> ColumnElement[str]:
    # SQLite has CONCAT only since 3.44; CONCAT_WS is equal to it, because no part is NULL.
    return func.concat_ws("", *parts)
