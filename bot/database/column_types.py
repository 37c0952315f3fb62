"""The column types that differ between MariaDB, MySQL and SQLite."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.dialects import mysql, sqlite

_SQLITE_MAX = 2**63 - 1


class _SqliteId(TypeDecorator[int]):
    """An id in SQLite, which has none above 2**63 - 1: a greater one is an id that no row has."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Replace an id that SQLite cannot even compare with."""
        return -1 if value is not None and value > _SQLITE_MAX else value


class _SqliteSeconds(sqlite.DATETIME):
    """A wall clock in SQLite; a value that is no time, such as a number, stays what it is."""

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any]:
        """Read a text as a time if it is one."""
        read: Any = super().result_processor(dialect, coltype)

        def process(value: Any) -> datetime | str | None:
            try:
                parsed: datetime | None = read(value)
            except (TypeError, ValueError):
                return str(value)
            return parsed

        return process


_SECONDS: Any = _SqliteSeconds

Id = BigInteger().with_variant(Integer(), "sqlite")
"""An id; SQLite counts up only an INTEGER."""

RowId = (
    BigInteger()
    .with_variant(mysql.BIGINT(unsigned=True), "mysql", "mariadb")
    .with_variant(_SqliteId(), "sqlite")
)
"""An id of the queue's tables, which may be BIGINT UNSIGNED."""

Long = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""A text of any length."""

Time = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
"""A moment with microseconds."""

WallSeconds = DateTime().with_variant(_SECONDS(truncate_microseconds=True), "sqlite")
"""A wall clock in whole seconds, as the queue's own tables have it."""

Wall = WallSeconds.with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
"""A copy of such a wall clock, with the fractions that the queue's own column may have."""
