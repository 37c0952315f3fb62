"""The column types that differ between MariaDB, MySQL and SQLite."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.dialects import mysql, sqlite

_SQLITE_MAX = 2**63 - 1


class _SqliteId(TypeDecorator[int]):
    """An id in SQLite, whose integers end at 2**63 - 1: no row has a greater id."""

    impl = Integer
    cache_ok = True

    def process_bind_param(
        self,
        value: int | None,
        dialect: Dialect,  # noqa: ARG002 the signature is SQLAlchemy's
    ) -> int | None:
        """Replace a greater id by -1, because SQLite cannot bind it as a parameter."""
        return -1 if value is not None and value > _SQLITE_MAX else value


class _SqliteSeconds(sqlite.DATETIME):
    """A wall clock time in SQLite; a value that is not a time, such as a number, becomes a text."""

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any]:
        """Return a function that parses a stored text as a time, or keeps the text."""
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
"""An id; SQLite auto-increments only an INTEGER."""

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
"""A wall clock time in whole seconds, as in the queue's own tables."""

Wall = WallSeconds.with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
"""A copy of a `WallSeconds` value; it also keeps fractions, which the queue's column may have."""
