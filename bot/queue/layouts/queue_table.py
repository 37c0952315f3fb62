"""The columns that both of the queue's tables have."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func

from bot.database.dialects import utf8mb4
from bot.queue.layouts.digests import CHARSET, payload_digest

ARCHIVED = (
    *("queue", "payload", "exception", "failed_at"),
    *("attempts", "max_attempts", "reserved_at", "available_at", "created_at"),
)
"""The columns that the archive has too. The archive keeps all other columns in `extra`."""


@dataclass(frozen=True, slots=True)
class QueueTable:
    """The columns of both tables. In a selection, each column has the name of its attribute."""

    table: Table

    @property
    def id(self) -> Column[Any]:
        """The row's id, which grows with each insert."""
        return self.table.c.id

    @property
    def queue(self) -> Column[str]:
        """The queue's name."""
        return self.table.c.queue

    def is_in_queue(self, name: str) -> ColumnElement[bool]:
        """Whether the row is in this queue.

        If the column's character set does not have all characters of the name, the server refuses
        the comparison.
        """
        if self.queue.info.get(CHARSET) in (None, "utf8mb4") or name.isascii():
            return self.queue == name
        return utf8mb4(self.queue) == name

    @property
    def payload(self) -> Column[str]:
        """The job's payload; its size may be several megabytes."""
        return self.table.c.payload

    @property
    def archived_columns(self) -> tuple[str, ...]:
        """The names of all columns, except the id, that the archive keeps under the same name."""
        return tuple(column.name for column in self.table.columns if column.name in ARCHIVED)

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The names of further columns that the details show."""
        return ()

    def derived_values(self, now: datetime) -> Mapping[str, ColumnElement[Any]]:  # noqa: ARG002 for other layouts
        """The values that the archive has in addition to the columns, by the archive's column."""
        return {}

    def column(self, name: str) -> Column[Any]:
        """Return the column with this name."""
        return self.table.c[name]

    def payload_digest(self) -> ColumnElement[str]:
        """The digest by which a retried job is recognized, 32 hex digits."""
        return payload_digest(self.table)

    def payload_head(self, characters: int) -> ColumnElement[str]:
        """The first characters of the payload."""
        return func.coalesce(utf8mb4(func.substr(self.payload, 1, characters)), "")
