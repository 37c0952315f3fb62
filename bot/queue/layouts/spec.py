"""The layout of the specification."""

from typing import Any

from sqlalchemy import Column, Integer, MetaData, SmallInteger, String, Table

from bot.database.column_types import Long, RowId, WallSeconds
from bot.queue.layouts.layout import Layout
from bot.queue.layouts.tables import MAX_ATTEMPTS, FailedJobsTable, JobsTable


def spec_tables(
    jobs: str = "jobs", failed_jobs: str = "failed_jobs", schema: str | None = None
) -> tuple[Table, Table]:
    """Return the spec's tables with the spec's indexes: PRIMARY(id) on both, and jobs(queue).

    `schema` is the database of these tables if the bot's own tables are in another database.
    """
    metadata = MetaData()
    options: dict[str, Any] = {
        "schema": schema,
        "mysql_engine": "InnoDB",
        "mysql_charset": "utf8mb4",
        "sqlite_autoincrement": True,
    }
    return (
        Table(
            jobs,
            metadata,
            Column("id", RowId, primary_key=True, autoincrement=True),
            Column("queue", String(191), nullable=False, index=True),
            Column("payload", Long, nullable=False),
            Column("attempts", SmallInteger, nullable=False, server_default="0"),
            Column("max_attempts", SmallInteger, nullable=False, server_default=str(MAX_ATTEMPTS)),
            Column("reserved_at", Integer),
            Column("available_at", Integer, nullable=False),
            Column("created_at", Integer, nullable=False),
            **options,
        ),
        Table(
            failed_jobs,
            metadata,
            Column("id", RowId, primary_key=True, autoincrement=True),
            Column("queue", String(191), nullable=False),
            Column("payload", Long, nullable=False),
            Column("exception", Long, nullable=False),
            Column("failed_at", WallSeconds, nullable=False),
            **options,
        ),
    )


SPEC = Layout(name="spec", tables=spec_tables, jobs=JobsTable, failed=FailedJobsTable)
