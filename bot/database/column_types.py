"""The column types that differ between MariaDB, MySQL and SQLite."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.dialects import mysql, sqlite

from bot.wall_clock import from_utc, utc_of_unix

_SQLITE_MAX = 2**63 - 1


class _SqliteId(TypeDecorator[int]):
    """An id in SQLite. No row has an id above 2**63 - 1, because SQLite's integers end there."""

    impl = Integer
    cache_ok = True

    def process_bind_param(
        self,
        value: int | None,
        dialect: Dialect,  # noqa: ARG002 the signature is SQLAlchemy's
    ) -> int | None:
        """Replace an id above 2**63 - 1 by -1, because SQLite cannot bind a larger number."""
        return -1 if value is not None and value > _SQLITE_MAX else value


class _SqliteSeconds(sqlite.DATETIME):
    """A wall clock time in SQLite; any other value, such as a number, is returned as a text."""

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


class UnixWall(TypeDecorator[Any]):
    """A column of unix seconds that is read as the wall clock time of a zone."""

    impl = Integer
    cache_ok = True

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self.zone = zone

    def process_result_value(
        self,
        value: object,
        dialect: Dialect,  # noqa: ARG002 the signature is SQLAlchemy's
    ) -> object:
        """Convert unix seconds to a wall clock time; return any other value unchanged."""
        return from_utc(utc_of_unix(value), self.zone) if isinstance(value, int) else value


_SECONDS: Any = _SqliteSeconds

Id = BigInteger().with_variant(Integer(), "sqlite")
"""An id. It is an INTEGER in SQLite, which auto-increments no other type."""

RowId = (
    BigInteger()
    .with_variant(mysql.BIGINT(unsigned=True), "mysql", "mariadb")
    .with_variant(_SqliteId(), "sqlite")
)
"""An id of the queue's tables; the column may be BIGINT UNSIGNED."""

Long = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""A text of any length."""

Time = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
"""A moment with microseconds."""

WallSeconds = DateTime().with_variant(_SECONDS(truncate_microseconds=True), "sqlite")
"""A wall clock time in whole seconds, as in the queue's own tables."""

Wall = WallSeconds.with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
"""A copy of a `WallSeconds` value. It keeps fractions, because the queue's column may have some."""
