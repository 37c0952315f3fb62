"""Check the queue's two tables once, when the bot starts."""

from sqlalchemy import Connection, inspect, text

from bot.database.dialects import is_sqlite
from bot.models.refusals import StartError
from bot.queue.layouts.queue import LONGEST_QUEUE, Queue


def problems(connection: Connection, queue: Queue) -> list[str]:
    """What keeps the bot from working on these tables, a sentence each; empty when all is well."""
    sentences: list[str] = []
    inspector = inspect(connection)
    present = set(inspector.get_table_names())
    for table in (queue.jobs, queue.failed):
        if table.name not in present:
            sentences.append(
                f"The table {table.name} is not in the database: check DATABASE_URL and "
                f"QUEUE_BOT_JOBS_TABLE / QUEUE_BOT_FAILED_JOBS_TABLE."
            )
            continue
        columns = {column["name"]: column for column in inspector.get_columns(table.name)}
        missing = (column.name for column in table.columns if column.name not in columns)
        sentences.extend(f"The table {table.name} has no column {name}." for name in missing)
        if not is_sqlite(connection):
            length = getattr(columns["queue"]["type"], "length", None) if "queue" in columns else 0
            if length is None or length > LONGEST_QUEUE:
                sentences.append(
                    f"The column queue of {table.name} is wider than the {LONGEST_QUEUE} "
                    f"characters that the bot keeps of a queue's name."
                )
            engine = connection.execute(
                text(
                    "SELECT engine FROM information_schema.tables "
                    "WHERE table_schema = DATABASE() AND table_name = :name"
                ),
                {"name": table.name},
            ).scalar()
            if engine is not None and str(engine).lower() != "innodb":
                sentences.append(
                    f"The table {table.name} uses {engine}: changes need transactions, so convert "
                    f"it with ALTER TABLE {table.name} ENGINE=InnoDB."
                )
    return sentences


def require(connection: Connection, queue: Queue) -> None:
    """Raise `StartError` where `problems` finds any."""
    if sentences := problems(connection, queue):
        raise StartError(sentences)
