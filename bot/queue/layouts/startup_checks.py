"""Check the queue's two tables once, when the bot starts, column by column."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlalchemy import Connection, LargeBinary, MetaData, Table, inspect

from bot.database.definitions import (
    INTEGER_BYTES,
    ColumnDefinition,
    TableDefinition,
    read_tables,
)
from bot.database.dialects import is_sqlite
from bot.database.extra_columns import extra_columns, is_restorable
from bot.models.refusals import StartError
from bot.queue.layouts.queue import LONGEST_QUEUE, Queue
from bot.queue.layouts.spec import NUMBERS, TEXTS, TIMES

TIME_TYPES = frozenset({"datetime", "timestamp"})


def problems(connection: Connection, queue: Queue) -> list[str]:
    """What keeps the bot from working on these tables, a sentence each; empty when all is well."""
    definitions = read_tables(connection, [queue.jobs.name, queue.failed.name])
    return [
        sentence
        for table in (queue.jobs, queue.failed)
        for sentence in _problems_of(connection, queue, table, definitions)
    ]


def _problems_of(
    connection: Connection, queue: Queue, table: Table, definitions: Mapping[str, TableDefinition]
) -> Iterator[str]:
    definition = definitions.get(table.name)
    if definition is None:
        yield _not_there(connection, table.name)
        return
    if definition.kind == "view":
        yield f"{table.name} is a view: name the table itself in the settings."
        return
    if definition.engine is not None and definition.engine.lower() != "innodb":
        yield (
            f"The table {table.name} uses {definition.engine}: changes need transactions, so "
            f"convert it with ALTER TABLE {table.name} ENGINE=InnoDB."
        )
    names = [column.name for column in table.columns]
    yield from (
        f"The table {table.name} has no column {name}."
        for name in names
        if name not in definition.columns
    )
    yield from _wrong_columns(queue, definition, sqlite=is_sqlite(connection))
    for column in extra_columns(definition, names):
        if not is_restorable(column):
            yield (
                f"The column {table.name}.{column.name} is of the type {column.type.upper()}: an "
                f"undo could not restore its exact value."
            )
        if not column.is_filled and definition.name == queue.jobs.name:
            yield (
                f"The column {table.name}.{column.name} is NOT NULL and has no default: a retry "
                f"has no value for it. Give it a default."
            )


def _not_there(connection: Connection, name: str) -> str:
    sentence = (
        f"The table {name} is not in the database: check DATABASE_URL and "
        f"QUEUE_BOT_JOBS_TABLE / QUEUE_BOT_FAILED_JOBS_TABLE."
    )
    alike = [one for one in inspect(connection).get_table_names() if one.lower() == name.lower()]
    return f"{sentence} There is a table {alike[0]}." if alike else sentence


def _wrong_columns(queue: Queue, definition: TableDefinition, *, sqlite: bool) -> Iterator[str]:
    """Columns of the layout that have a type or a property that the bot cannot work with."""
    for name, column in definition.columns.items():
        full_name = f"{definition.name}.{name}"
        if name == "id" and not column.is_auto_increment and not (sqlite and column.is_filled):
            yield f"The column {full_name} is not AUTO_INCREMENT: an inserted row gets no id."
        if name in TEXTS and not (column.is_text or column.is_binary):
            yield f"The column {full_name} is {column.type.upper()}, and must hold text."
        if name in NUMBERS and column.type not in INTEGER_BYTES:
            yield (
                f"The column {full_name} is {column.type.upper()}, and must be a whole number "
                f"(moments in seconds since 1970)."
            )
        if name in TIMES:
            yield from _wrong_time(queue, full_name, column)
        if column.is_generated and name in (*TEXTS, *NUMBERS, *TIMES):
            yield f"The column {full_name} is generated, so that a retry cannot set it."
        if name == "queue" and not sqlite and (column.characters or 0) > LONGEST_QUEUE:
            yield (
                f"The column {full_name} is wider than the {LONGEST_QUEUE} characters that the bot "
                f"keeps of a queue's name."
            )


def _wrong_time(queue: Queue, full_name: str, column: ColumnDefinition) -> Iterator[str]:
    if column.type not in TIME_TYPES:
        yield f"The column {full_name} is {column.type.upper()}, and must be DATETIME or TIMESTAMP."
    elif column.type == "timestamp" and queue.zone.key != "UTC":
        # A TIMESTAMP is read in the session's zone, which the bot sets to UTC.
        yield (
            f"The column {full_name} is TIMESTAMP, which the bot reads in UTC: set "
            f"QUEUE_BOT_TIME_ZONE=UTC."
        )


def require(connection: Connection, queue: Queue) -> None:
    """Raise `StartError` where `problems` finds any."""
    if sentences := problems(connection, queue):
        raise StartError(sentences)


def fitted(connection: Connection, queue: Queue) -> Queue:
    """Return the queue with its columns of bytes marked as such; the layout says that all are text.

    A text is converted to utf8mb4 before it is compared; bytes are compared as they are.
    """
    definitions = read_tables(connection, [queue.jobs.name, queue.failed.name])
    return replace(
        queue,
        jobs=_fitted(queue.jobs, definitions.get(queue.jobs.name)),
        failed=_fitted(queue.failed, definitions.get(queue.failed.name)),
    )


def _fitted(table: Table, definition: TableDefinition | None) -> Table:
    if definition is None or not any(column.is_binary for column in definition.columns.values()):
        return table
    copy = table.to_metadata(MetaData())
    for column in copy.columns:
        if column.name in definition.columns and definition.columns[column.name].is_binary:
            column.type = LargeBinary()
    return copy
