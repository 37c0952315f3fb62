"""Laravel's table of batches, which the bot only reads."""

from collections.abc import Callable, Sequence

from sqlalchemy import Column, Connection, Integer, MetaData, Select, String, Table, select
from sqlalchemy.exc import DBAPIError

from bot.models.job_batches import BATCH, JobBatch
from bot.models.subjects import JobSubject

BATCH_SUBJECT = JobSubject(BATCH, ("data.batchId", "data.command.batchId"), is_shared=True)
MOST = 1_000


def batches_table(name: str, schema: str | None) -> Table:
    """Return the columns that the bot reads."""
    return Table(
        name,
        MetaData(),
        Column("id", String(255), primary_key=True),
        Column("name", String(255), nullable=False),
        Column("total_jobs", Integer, nullable=False),
        Column("pending_jobs", Integer, nullable=False),
        Column("failed_jobs", Integer, nullable=False),
        Column("cancelled_at", Integer),
        Column("created_at", Integer, nullable=False),
        Column("finished_at", Integer),
        schema=schema,
    )


def is_readable(connection: Connection, table: Table) -> bool:
    """Return whether the table exists with its columns and the account may read the table."""
    try:
        connection.execute(select(table).limit(0))
    except DBAPIError:
        return False
    return True


def read(
    connection: Connection, table: Table | None, ids: Sequence[str], mask: Callable[[str], str]
) -> dict[str, JobBatch]:
    """Return the batches with these ids, by id; the names are without secrets."""
    if table is None or not ids:
        return {}
    c = table.c
    rows = connection.execute(select(table).where(c.id.in_(ids[:MOST]))).mappings()
    return {
        row["id"]: JobBatch(
            id=row["id"],
            name=mask(row["name"] or ""),
            total=row["total_jobs"],
            pending=row["pending_jobs"],
            failed=row["failed_jobs"],
            cancelled=row["cancelled_at"] is not None,
            finished=row["finished_at"] is not None,
        )
        for row in rows
    }


def cancelled_ids(table: Table) -> Select[tuple[str]]:
    """Select the ids of the newest cancelled batches."""
    c = table.c
    return _newest(table).where(c.cancelled_at.is_not(None))


def unfinished_ids(table: Table) -> Select[tuple[str]]:
    """Select the ids of the newest batches whose jobs have not all succeeded."""
    return _newest(table).where(table.c.pending_jobs > 0)


def _newest(table: Table) -> Select[tuple[str]]:
    c = table.c
    return select(c.id).order_by(c.created_at.desc(), c.id).limit(MOST)
