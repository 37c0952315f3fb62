"""An observer of the two tables, with its own connection and without the bot's code."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

TEXT = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext"})
BINARY = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})

Row = dict[str, Any]
Execute = Callable[[str], Sequence[Sequence[Any]]]


@dataclass(frozen=True)
class Rows:
    """Every row of both tables by its id, each value in a form that shows every byte.

    `contents` has the queue and the payload of each row, as text in utf8mb4 or as plain bytes.
    """

    jobs: dict[int, Row]
    failed: dict[int, Row]
    contents: dict[tuple[str, int], tuple[Any, Any]]

    def content(self, table: str, id_: int) -> tuple[Any, Any]:
        """Return the queue and the payload of a row."""
        return self.contents[table, id_]


@dataclass(frozen=True)
class Observer:
    """A session separate from the bot's; `execute` returns the rows of a statement."""

    execute: Execute
    is_sqlite: bool

    def rows(self) -> Rows:
        """Read both tables."""
        contents: dict[tuple[str, int], tuple[Any, Any]] = {}
        tables: dict[str, dict[int, Row]] = {}
        for table in ("jobs", "failed_jobs"):
            types = self._types(table)
            shown = [self._shown(name, kind) for name, kind in types.items()]
            content = [self._content(name, types[name]) for name in ("queue", "payload")]
            columns = ", ".join(["id", *content, *shown])
            tables[table] = {}
            for id_, queue, payload, *values in self.execute(f"SELECT {columns} FROM {table}"):
                tables[table][id_] = dict(zip(types, values, strict=True))
                contents[table, id_] = (queue, payload)
        return Rows(tables["jobs"], tables["failed_jobs"], contents)

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        return int(self.execute(f"SELECT COUNT(*) FROM {table}")[0][0])

    def write(self, statement: str) -> bool:
        """Run a statement of the owner or of a worker; return whether the database accepted it."""
        try:
            self.execute(statement)
        except Exception as error:
            if type(error).__module__.split(".")[0] not in ("pymysql", "sqlite3"):
                raise
            return False
        return True

    def _types(self, table: str) -> dict[str, str]:
        if self.is_sqlite:
            rows = self.execute(f"PRAGMA table_xinfo({table})")
            return {row[1]: str(row[2]).lower() for row in rows}
        rows = self.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE"
            f" table_schema = DATABASE() AND table_name = '{table}' ORDER BY ordinal_position"
        )
        return {str(row[0]): str(row[1]).lower() for row in rows}

    def _shown(self, name: str, kind: str) -> str:
        column = self._quoted(name)
        if self.is_sqlite:
            return f"typeof({column}) || ':' || hex({column})"
        return f"HEX({column})" if kind in TEXT | BINARY else f"CAST({column} AS CHAR)"

    def _content(self, name: str, kind: str) -> str:
        column = self._quoted(name)
        if self.is_sqlite:
            return f"hex({column})"
        return f"HEX(CONVERT({column} USING utf8mb4))" if kind in TEXT else f"HEX({column})"

    def _quoted(self, name: str) -> str:
        mark = '"' if self.is_sqlite else "`"
        return mark + name.replace(mark, 2 * mark) + mark


@contextlib.contextmanager
def observing_file(path: str) -> Iterator[Observer]:
    """Give an observer of an SQLite file."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as connection:
        yield Observer(lambda statement: connection.execute(statement).fetchall(), is_sqlite=True)


@contextlib.contextmanager
def observing_server(connection: Any, database: str, sql_mode: str = "") -> Iterator[Observer]:
    """Give an observer over the server's own socket, in a session that accepts every value."""

    def execute(statement: str) -> Sequence[Sequence[Any]]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows: Sequence[Sequence[Any]] = cursor.fetchall()
            return rows

    with contextlib.closing(connection):
        observer = Observer(execute, is_sqlite=False)
        for setting in (
            f"sql_mode = '{sql_mode}'",
            "time_zone = '+00:00'",
            "foreign_key_checks = 1",
            "unique_checks = 1",
            "sql_safe_updates = 0",
            "completion_type = 'NO_CHAIN'",
            "autocommit = 1",
        ):
            execute(f"SET SESSION {setting}")
        execute("SET NAMES utf8mb4")
        execute(f"USE {database}")
        yield observer
