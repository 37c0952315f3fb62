"""Options and columns for all tables of the bot. Times are naive UTC with microseconds."""

from typing import Any

from sqlalchemy import Column, MetaData

from bot.database.column_types import Id, Long, RowId, Time, Wall

__all__ = ["OPTIONS", "PLAIN", "Id", "Long", "RowId", "Time", "Wall", "auto", "metadata"]

metadata = MetaData()

# The collation compares names exactly, whatever the queue's tables and the database's default are.
PLAIN: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    # The server's default may be COMPACT, whose keys are too short for a queue's name.
    "mysql_row_format": "DYNAMIC",
}
OPTIONS: dict[str, Any] = {**PLAIN, "sqlite_autoincrement": True}


def auto(name: str = "id") -> Column[int]:
    """Return an auto-increment primary key."""
    return Column(name, Id, primary_key=True, autoincrement=True)
