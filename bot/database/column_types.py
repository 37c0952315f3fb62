"""The column types that differ between MariaDB, MySQL and SQLite."""

from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Text
from sqlalchemy.dialects import mysql, sqlite

_SECONDS: Any = sqlite.DATETIME

Id = BigInteger().with_variant(Integer(), "sqlite")
"""An id; SQLite counts up only an INTEGER."""

Long = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""A text of any length."""

Time = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
"""A moment with microseconds."""

WallSeconds = DateTime().with_variant(_SECONDS(truncate_microseconds=True), "sqlite")
"""A wall clock in whole seconds, as the queue's own tables have it."""

Wall = WallSeconds.with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
"""A copy of such a wall clock, with the fractions that the queue's own column may have."""
