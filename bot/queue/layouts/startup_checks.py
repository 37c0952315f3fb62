"""Check the queue's two tables once, when the bot starts, column by column."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlalchemy import (
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    inspect,
)

from bot.database.definitions import (
    INTEGER_BYTES,
    TIME_TYPES,
    ColumnDefinition,
    TableDefinition,
    read_tables,
)
from bot.database.dialects import is_sqlite
from bot.database.extra_columns import extra_columns, is_restorable
from bot.database.foreign_keys import read_children
from bot.database.table_names import name_in, split_name
from bot.models.refusals import StartError
from bot.queue.layouts.codeigniter_queue import QUEUE_JOBS, QUEUE_JOBS_FAILED
from bot.queue.layouts.digests import CHARSET
from bot.queue.layouts.job_batches import is_readable
from bot.queue.layouts.queue import LONGEST_QUEUE, Queue


def _definitions(connection: Connection, queue: Queue) -> Mapping[str, TableDefinition]:
    """Return the definitions of both tables by their names of `name_in`."""
    names = [name_in(connection, table) for table in (queue.jobs, queue.failed)]
    return read_tables(connection, names)


def problems(connection: Connection, queue: Queue) -> list[str]:
    """Return one sentence for each problem of these tables; the list is empty without problems."""
    definitions = _definitions(connection, queue)
    return [
        sentence
        for table in (queue.jobs, queue.failed)
        for sentence in _problems_of(connection, queue, table, definitions)
    ]


def _problems_of(
    connection: Connection, queue: Queue, table: Table, definitions: Mapping[str, TableDefinition]
) -> Iterator[str]:
    shown = name_in(connection, table)
    definition = definitions.get(shown)
    if definition is None:
        yield _not_there(connection, shown)
        return
    if definition.kind == "view":
        yield f"{shown} is a view: name the table itself in the settings."
        return
    if definition.engine is not None and definition.engine.lower() != "innodb":
        yield (
            f"The table {shown} uses {definition.engine}: changes need transactions, so "
            f"convert it with ALTER TABLE {shown} ENGINE=InnoDB."
        )
    names = [column.name for column in table.columns]
    yield from (
        f"The table {shown} has no column {name}."
        for name in names
        if name not in definition.columns
    )
    yield from _wrong_columns(queue, table, definition, sqlite=is_sqlite(connection))
    for column in extra_columns(definition, names):
        if not is_restorable(column):
            yield (
                f"The column {shown}.{column.name} is of the type {column.type.upper()}: an "
                f"undo could not restore its exact value."
            )
        if not column.is_filled and table is queue.jobs:
            yield (
                f"The column {shown}.{column.name} is NOT NULL and has no default: a retry "
                f"has no value for it. Give it a default."
            )


def _not_there(connection: Connection, name: str) -> str:
    sentence = (
        f"The table {name} is not in the database: check DATABASE_URL and "
        f"QUEUE_BOT_JOBS_TABLE / QUEUE_BOT_FAILED_JOBS_TABLE."
    )
    database, table_name = split_name(connection, name)
    schema = None if is_sqlite(connection) else database
    tables = inspect(connection).get_table_names(schema)
    if {QUEUE_JOBS, QUEUE_JOBS_FAILED} <= set(tables):
        return (
            f"{sentence} The tables of CodeIgniter Queue are there: set QUEUE_BOT_JOBS_TABLE="
            f"{QUEUE_JOBS} and QUEUE_BOT_FAILED_JOBS_TABLE={QUEUE_JOBS_FAILED}."
        )
    similar = [table for table in tables if table.lower() == table_name.lower()]
    return f"{sentence} There is a table {similar[0]}." if similar else sentence


def _wrong_columns(
    queue: Queue, table: Table, definition: TableDefinition, *, sqlite: bool
) -> Iterator[str]:
    """Yield a sentence for each column whose type or property the bot cannot work with."""
    for declared in table.columns:
        name, column = declared.name, definition.columns.get(declared.name)
        if column is None:
            continue
        full_name = f"{definition.name}.{name}"
        if name == "id" and not column.is_auto_increment and not (sqlite and column.is_filled):
            yield f"The column {full_name} is not AUTO_INCREMENT: an inserted row gets no id."
        if isinstance(declared.type, String) and not (column.is_text or column.is_binary):
            yield f"The column {full_name} is {column.type.upper()}, but must hold text."
        if name == "queue" and column.is_binary:
            yield f"The column {full_name} holds bytes, but a queue's name must be text."
        if isinstance(declared.type, Integer) and column.type not in INTEGER_BYTES:
            yield (
                f"The column {full_name} is {column.type.upper()}, but must be a whole number "
                f"(moments in seconds since 1970)."
            )
        if isinstance(declared.type, DateTime):
            yield from _wrong_time(queue, full_name, column)
        if column.is_generated:
            yield f"The column {full_name} is generated, so a retry cannot set it."
        is_long = (column.characters or 0) > LONGEST_QUEUE and not sqlite
        allows = queue.layout.has_long_queue_names and table is queue.failed
        if name == "queue" and is_long and not allows:
            yield (
                f"The column {full_name} allows more than the {LONGEST_QUEUE} characters that the "
                f"bot stores of a queue's name."
            )


def _wrong_time(queue: Queue, full_name: str, column: ColumnDefinition) -> Iterator[str]:
    if column.type not in TIME_TYPES:
        yield f"The column {full_name} is {column.type.upper()}, but must be DATETIME or TIMESTAMP."
    elif column.type == "timestamp" and queue.zone.key != "UTC":
        # The server converts a TIMESTAMP to the session's time zone, which the bot sets to UTC.
        yield (
            f"The column {full_name} is TIMESTAMP, which the bot reads in UTC: set "
            f"QUEUE_BOT_TIME_ZONE=UTC."
        )


def unseen_triggers(connection: Connection, queue: Queue) -> list[str]:
    """Return one sentence for each table whose triggers the account may not see.

    The recommended GRANTs have this effect, and the bot verifies each row instead.
    """
    return _unseen_triggers(_definitions(connection, queue))


def _unseen_triggers(definitions: Mapping[str, TableDefinition]) -> list[str]:
    return [
        f"The account may not see the triggers of {name}: each row that enters it is compared with "
        f"its original. docs/operating.md names the privilege."
        for name, definition in definitions.items()
        if definition.triggers is None
    ]


def warnings(connection: Connection, queue: Queue) -> list[str]:
    """Return one sentence for each property of these tables that people should know at start."""
    definitions = _definitions(connection, queue)
    return _unseen_triggers(definitions) + [
        f"The database deletes or changes rows of {key.schema}.{key.table} ({key.name}) together "
        f"with a row of {name}, and an undo does not restore them: by id, this needs force=yes."
        for name in definitions
        for key in read_children(connection, name)
        if key.deletes_children
    ]


def require(connection: Connection, queue: Queue) -> None:
    """Raise `StartError` if the tables have problems."""
    if sentences := problems(connection, queue):
        raise StartError(sentences)


def fitted(connection: Connection, queue: Queue) -> Queue:
    """Return the queue with the actual binary columns and character sets of its tables.

    If the bot cannot read the table of batches, the queue has no such table.

    The layout declares all these columns as text. A text in another character set is converted to
    utf8mb4 before a comparison, and bytes are compared unchanged. SQLite stores any value in any
    column.
    """
    sqlite = is_sqlite(connection)
    definitions = _definitions(connection, queue)
    jobs, failed = (
        _fitted(table, definitions.get(name_in(connection, table)), sqlite=sqlite)
        for table in (queue.jobs, queue.failed)
    )
    has_batches = queue.batches is not None and is_readable(connection, queue.batches)
    batches = queue.batches if has_batches else None
    return replace(queue, jobs=jobs, failed=failed, batches=batches)


def _fitted(table: Table, definition: TableDefinition | None, *, sqlite: bool) -> Table:
    if definition is None:
        return table
    copy = table.to_metadata(MetaData())
    for column in copy.columns:
        if column.name not in definition.columns:
            continue
        actual = definition.columns[column.name]
        column.info[CHARSET] = None if sqlite else actual.charset
        if actual.is_binary:
            column.type = LargeBinary()
    return copy
