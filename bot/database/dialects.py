"""The differences between MariaDB, MySQL and SQLite: hints, expressions and functions.

`connect` opens MariaDB with MySQL's driver name, so MariaDB also receives a hint for "mysql".
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Delete,
    Engine,
    Executable,
    Integer,
    LargeBinary,
    Select,
    Subquery,
    Table,
    Text,
    Update,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
    text,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.functions import FunctionElement

from bot.models.refusals import StartError

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])

DRIVERS = frozenset({"mysql+pymysql", "mariadb+pymysql", "sqlite", "sqlite+pysqlite"})
"""The supported drivers. A database address begins with its driver."""


def require_supported(url: URL) -> None:
    """Raise `StartError` if the address names a database that the bot does not support."""
    if url.drivername not in DRIVERS:
        sentence = (
            f"DATABASE_URL starts with {url.drivername}://, which is not supported: "
            "it must start with mysql+pymysql:// or sqlite:///."
        )
        raise StartError([sentence])


def is_sqlite_url(url: URL) -> bool:
    """Whether the address names an SQLite file."""
    return url.get_backend_name() == "sqlite"


def is_sqlite(bind: Engine | Connection) -> bool:
    """Whether the database is SQLite; otherwise it is MariaDB or MySQL."""
    return bind.dialect.name == "sqlite"


def is_mariadb(bind: Engine | Connection) -> bool:
    """Whether the server is MariaDB; an engine knows this after its first connection."""
    return bool(getattr(bind.dialect, "is_mariadb", False))


def version_of(bind: Connection) -> tuple[int, ...]:
    """Return the numbers of the server's version."""
    return tuple(part for part in bind.dialect.server_version_info or () if isinstance(part, int))


def as_sql(statement: ClauseElement, bind: Engine, schema: str | None) -> str:
    """Return the text of a statement for this database, with the tables in a schema."""
    compiled = statement.compile(
        dialect=bind.dialect,
        compile_kwargs={"literal_binds": True},
        schema_translate_map={None: schema},
        render_schema_translate=True,
    )
    return str(compiled).strip()


def force_index(statement: Query, table: Table, index: str) -> Query:
    """Make MariaDB and MySQL read the table by this index."""
    return statement.with_hint(table, f"FORCE INDEX ({index})", "mysql")


def update_by_index(statement: Update, index: str) -> Update:
    """Make MariaDB and MySQL read the updated table by this index."""
    return statement.with_hint(f"FORCE INDEX ({index})", dialect_name="mysql")


def ignore_index(statement: Query, table: Table, index: str) -> Query:
    """Prevent MariaDB and MySQL from reading the table by this index."""
    return statement.with_hint(table, f"IGNORE INDEX ({index})", "mysql")


def straight_join(statement: Query) -> Query:
    """Make MariaDB and MySQL join the tables in the order of the statement."""
    return statement.prefix_with("STRAIGHT_JOIN", dialect="mysql")


def limit_delete(statement: Delete, rows: int) -> Delete:
    """Make MariaDB and MySQL stop after deleting `rows` rows."""
    return statement.with_dialect_options(mysql_limit=rows)


def limit_update(statement: Update, rows: int) -> Update:
    """Make MariaDB and MySQL stop after `rows` rows that match."""
    return statement.with_dialect_options(mysql_limit=rows)


class joined_delete(Executable, ClauseElement):  # noqa: N801 a statement of SQL
    """Delete rows of `table`: read `by` first, then look up each row; both by their primary keys.

    Only for MariaDB and MySQL. Otherwise the server would choose the order of the two tables.
    """

    inherit_cache = False

    def __init__(self, table: Table, by: Table, where: ColumnElement[bool]) -> None:
        """Set the two tables, and the condition that joins both."""
        self.table, self.by, self.where = table, by, where


@compiles(joined_delete)
def _joined(element: joined_delete, compiler: SQLCompiler, **options: Any) -> str:
    table, by = (
        compiler.process(one, asfrom=True, **options) for one in (element.table, element.by)
    )
    where = compiler.process(element.where, **options)
    by_key = "FORCE INDEX (PRIMARY)"
    joined = f"{by} {by_key} STRAIGHT_JOIN {table} {by_key}"
    return f"DELETE FROM {table} USING {joined} WHERE {where}"  # noqa: S608 compiled, with bindings


def sha256(value: ColumnElement[Any]) -> ColumnElement[str]:
    """The SHA-256 of a value in 64 hex digits, computed in the database."""
    return func.sha2(stored_bytes(value), 256)


class utf8mb4(FunctionElement[str]):  # noqa: N801 a function of SQL
    """A text converted to utf8mb4; the digest then does not depend on the text's character set."""

    inherit_cache = True
    type = Text()
    name = "utf8mb4"


@compiles(utf8mb4)
def _convert(element: utf8mb4, compiler: SQLCompiler, **options: Any) -> str:
    return f"CONVERT({compiler.process(element.clauses, **options)} USING utf8mb4)"


@compiles(utf8mb4, "sqlite")
def _as_text(element: utf8mb4, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS TEXT)"


class stored_bytes(FunctionElement[bytes]):  # noqa: N801 a function of SQL
    """The bytes of a value. SQLite passes a text to a Python function only if the text is UTF-8."""

    inherit_cache = True
    name = "stored_bytes"


@compiles(stored_bytes)
def _unchanged(element: stored_bytes, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(stored_bytes, "sqlite")
def _as_blob(element: stored_bytes, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS BLOB)"


def as_bytes(value: ColumnElement[Any]) -> ColumnElement[bytes]:
    """The bytes of a text, on every database."""
    return cast(value, LargeBinary)


def sha256_of_lines(columns: Sequence[Column[Any]], order: Column[Any]) -> ColumnElement[str]:
    """The SHA-256 of a text with one line `value:value` per row; MariaDB and MySQL only.

    The server cuts the text after `group_concat_max_len` bytes, so `connect` raises this limit.
    """
    line = ", ':', ".join(str(column) for column in columns)
    return literal_column(f"SHA2(GROUP_CONCAT({line}, '\n' ORDER BY {order} SEPARATOR ''), 256)")


def contains(bind: Connection, column: Column[str], needle: str) -> ColumnElement[bool]:
    """Whether a column's text contains these letters and digits, compared byte by byte.

    A comparison by the column's collation takes six times as long: 60 ms for 20,000 rows.
    """
    if is_sqlite(bind):
        return func.instr(column, needle) > 0
    # Without the cast, the server compares even a binary literal by the column's collation.
    pattern = cast(literal(f"%{needle}%".encode(), LargeBinary), LargeBinary)
    # A payload may be a BLOB; SQLAlchemy has no LIKE for that type.
    return type_coerce(column, Text).like(pattern)


def group_key(bind: Connection, column: Column[str]) -> ColumnElement[Any]:
    """Return a value for grouping by a text: the text's checksum, or the text itself on SQLite."""
    return column if is_sqlite(bind) else func.crc32(column)


def hours_since_1970(bind: Connection, at: Column[datetime]) -> ColumnElement[int]:
    """The number of whole hours from 1970 to a moment."""
    if is_sqlite(bind):
        return cast(func.strftime("%s", at), Integer) // 3600
    return func.timestampdiff(text("HOUR"), text("'1970-01-01'"), at)


def rows_of_json(
    bind: Connection, columns: Sequence[str], rows: Sequence[Sequence[int | str]]
) -> Subquery:
    """Return rows as a table. In each row, the last value is ASCII text, all others are integers.

    The server reads the rows from one JSON text. The names of the columns must be plain words.
    """
    paths = list(enumerate(columns))
    if is_sqlite(bind):
        parts = ", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, name in paths)
        statement = f"SELECT {parts} FROM json_each(:rows)"  # noqa: S608 no input
    else:
        types = [*("BIGINT UNSIGNED" for _ in columns[:-1]), "LONGTEXT CHARACTER SET ascii"]
        parts = ", ".join(
            f"{name} {kind} PATH '$[{at}]'" for (at, name), kind in zip(paths, types, strict=True)
        )
        # DISTINCT makes the server store the rows with an index. Without an index, each row of a
        # join would need a search of all rows.
        statement = (
            f"SELECT DISTINCT {', '.join(columns)}"  # noqa: S608 no input
            f" FROM JSON_TABLE(:rows, '$[*]' COLUMNS ({parts})) AS json_rows"
        )
    bound = text(statement).bindparams(bindparam("rows", json.dumps(rows), unique=True))
    return bound.columns(*(column(name) for name in columns)).subquery()


def first_inserted_id(bind: Connection, inserted: CursorResult[Any], rows: int) -> int:
    """Return the id of the first row that an INSERT of `rows` rows created."""
    # SQLite returns the last row's id. No other INSERT can run between the rows.
    return int(inserted.lastrowid) - (rows - 1 if is_sqlite(bind) else 0)


def quoted_name(connection: Connection, name: str) -> str:
    """Return the name of a table or column as this server quotes it."""
    quoted: str = connection.dialect.identifier_preparer.quote_identifier(name)
    return quoted


def sqlite_name(name: str) -> str:
    """Return a table's name in quotation marks, as SQLite's pragmas accept it."""
    return '"' + name.replace('"', '""') + '"'


def add_sqlite_functions(connection: Any) -> None:
    """Add functions of MariaDB and MySQL to a connection to SQLite."""
    connection.create_function("sha2", 2, _sha2, deterministic=True)
    connection.create_function("concat_ws", -1, _concat_ws, deterministic=True)
    connection.create_function("unhex", 1, _unhex, deterministic=True)


def _sha2(value: object, bits: int) -> str | None:
    if value is None:
        return None
    raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
    return hashlib.new(f"sha{bits}", raw).hexdigest()


def _unhex(digits: str | None) -> bytes | None:
    return None if digits is None else bytes.fromhex(digits)


def _concat_ws(separator: object, *values: object) -> str | bytes:
    parts = [v if isinstance(v, bytes) else str(v).encode() for v in values if v is not None]
    joined = str(separator).encode().join(parts)
    try:
        return joined.decode()
    except UnicodeDecodeError:
        return joined
