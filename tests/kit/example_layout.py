"""An example of a layout, written by docs/adding-a-layout.md: jobs have a priority.

Workers take the jobs with the highest priority first. A failed job keeps its priority, and a retry
copies it. The tables do not say how often a worker may take a job.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Integer, MetaData, String, Table, null

from bot.database.column_types import Long, RowId, WallSeconds
from bot.queue.layouts.layout import Layout
from bot.queue.layouts.tables import FailedJobsTable, JobsTable


def priority_tables(jobs: str, failed_jobs: str, schema: str | None) -> tuple[Table, Table]:
    """Return the two tables."""
    metadata = MetaData(schema=schema)

    def both() -> list[Column[Any]]:
        return [
            Column("id", RowId, primary_key=True, autoincrement=True),
            Column("queue", String(191), nullable=False, index=True),
            Column("payload", Long, nullable=False),
            Column("priority", Integer, nullable=False, server_default="0"),
        ]

    state: list[Column[Any]] = [
        Column("attempts", Integer, nullable=False),
        Column("reserved_at", Integer),
        Column("available_at", Integer, nullable=False),
        Column("created_at", Integer, nullable=False),
    ]
    error: list[Column[Any]] = [
        Column("exception", Long, nullable=False),
        Column("failed_at", WallSeconds, nullable=False),
    ]
    options: dict[str, Any] = {"sqlite_autoincrement": True}
    return (
        Table(jobs, metadata, *both(), *state, **options),
        Table(failed_jobs, metadata, *both(), *error, **options),
    )


@dataclass(frozen=True, slots=True)
class PriorityJobs(JobsTable):
    """The table of jobs."""

    @property
    def max_attempts(self) -> ColumnElement[Any]:
        """NULL, because nothing says it."""
        return null()

    def work_order(self) -> tuple[ColumnElement[Any], ...]:
        """The order in which workers take available jobs."""
        return (self.column("priority").desc(), self.id)


@dataclass(frozen=True, slots=True)
class PriorityFailed(FailedJobsTable):
    """The table of failed jobs."""

    @property
    def retried_columns(self) -> tuple[str, ...]:
        """The names of the columns that both tables have, and that a retry copies."""
        return ("queue", "payload", "priority")

    def new_state(
        self, now: ColumnElement[int], available_at: ColumnElement[int]
    ) -> Mapping[str, ColumnElement[Any]]:
        """The values of a new job's other columns."""
        state = dict(FailedJobsTable.new_state(self, now, available_at))
        del state["max_attempts"]
        return state


PRIORITY = Layout("priority", priority_tables, PriorityJobs, PriorityFailed)
