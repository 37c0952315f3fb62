"""Tables of failed jobs that have the failures of several connections or handlers."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement

from bot.queue.layouts.tables import FailedJobsTable


@dataclass(frozen=True, slots=True)
class OriginTable(FailedJobsTable):
    """A table of failed jobs; only jobs of `connections` came from the table of jobs."""

    connections: Sequence[str]

    @property
    def origin(self) -> Column[str]:
        """The name of the connection or handler that the job came from."""
        return self.table.c.connection

    def is_movable(self) -> ColumnElement[bool]:
        """Whether the job came from the table of jobs, and not from Redis or another queue."""
        return self.origin.in_(self.connections)
