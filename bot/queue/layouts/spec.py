"""The layout of the specification."""

from sqlalchemy import Column, Integer, MetaData, SmallInteger, String, Table

from bot.database.column_types import Long, WallSeconds
from bot.queue.layouts.layout import Layout
from bot.queue.layouts.rows_table import rows_table
from bot.queue.layouts.tables import MAX_ATTEMPTS, FailedJobsTable, JobsTable


def spec_tables(
    jobs: str = "jobs", failed_jobs: str = "failed_jobs", schema: str | None = None
) -> tuple[Table, Table]:
    """Return the spec's tables with the spec's indexes: PRIMARY(id) on both, and jobs(queue).

    `schema` is the database of these tables if the bot's own tables are in another database.
    """
    metadata = MetaData()
    return (
        rows_table(
            jobs,
            metadata,
            schema,
            Column("queue", String(191), nullable=False, index=True),
            Column("payload", Long, nullable=False),
            Column("attempts", SmallInteger, nullable=False, server_default="0"),
            Column("max_attempts", SmallInteger, nullable=False, server_default=str(MAX_ATTEMPTS)),
            Column("reserved_at", Integer),
            Column("available_at", Integer, nullable=False),
            Column("created_at", Integer, nullable=False),
        ),
        rows_table(
            failed_jobs,
            metadata,
            schema,
            Column("queue", String(191), nullable=False),
            Column("payload", Long, nullable=False),
            Column("exception", Long, nullable=False),
            Column("failed_at", WallSeconds, nullable=False),
        ),
    )


SPEC = Layout(name="spec", tables=spec_tables, jobs=JobsTable, failed=FailedJobsTable)
