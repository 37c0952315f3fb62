"""The checks of the tables: the queue's layout and columns, its indexes, and the bot's tables."""

from collections.abc import Iterator

from sqlalchemy import inspect

from bot.database import server
from bot.database.dialects import is_sqlite
from bot.database.engine import own_schema
from bot.database.table_names import name_in
from bot.doctor.installation import Installation
from bot.models.doctor import Finding, ok, problem, warning
from bot.queue.layouts import fitted, problems, unseen_triggers, warnings
from bot.store.migrate import require_current
from bot.store.tables.columns import metadata
from bot.wiring.queue_tables import layout_of, queue_of

MANY_ROWS = 100_000
"""From this number of failed jobs on, an index on `failed_at` saves seconds."""
_MIB = 1024 * 1024


def check_layout(installation: Installation) -> Iterator[Finding]:
    """Find the layout of the queue's tables."""
    text = installation.text
    settings = installation.settings
    layout = layout_of(settings, installation.engine)
    queue = queue_of(settings, layout)
    with installation.connected() as connection:
        installation.queue = fitted(connection, queue)
        jobs, failed = (name_in(connection, table) for table in (queue.jobs, queue.failed))
    yield ok(text("doctor-layout", jobs=jobs, failed=failed, layout=layout.name))


def check_queue_tables(installation: Installation) -> Iterator[Finding]:
    """Check each column of the queue's tables, their engine, triggers and foreign keys."""
    text = installation.text
    queue = installation.queue
    with installation.connected() as connection:
        wrong = problems(connection, queue)
        yield from (problem(sentence) for sentence in wrong)
        if wrong:
            return
        unseen = unseen_triggers(connection, queue)
        yield from (ok(sentence) for sentence in unseen)
        others = [sentence for sentence in warnings(connection, queue) if sentence not in unseen]
        yield from (warning(sentence, "") for sentence in others)
    count = len(queue.jobs.columns) + len(queue.failed.columns)
    yield ok(text("doctor-columns", number=count))


def check_own_tables(installation: Installation) -> Iterator[Finding]:
    """Check that the bot's own tables exist and are current, and report their size."""
    text = installation.text
    names = [table.name for table in metadata.sorted_tables]
    with installation.connected() as connection:
        require_current(connection)
        sizes = server.table_sizes(connection, own_schema(connection), names)
    for size in sizes.values():
        if size.engine.lower() != "innodb":
            yield problem(
                text("doctor-engine", table=size.name, engine=size.engine),
                text("doctor-administrator"),
                f"ALTER TABLE {size.name} ENGINE=InnoDB;",
            )
    total = sum(size.bytes for size in sizes.values()) / _MIB
    if sizes:
        largest = max(sizes.values(), key=lambda size: size.bytes)
        yield ok(
            text(
                "doctor-own-tables",
                number=len(names),
                size=f"{total:.1f}",
                table=largest.name,
                part=f"{largest.bytes / _MIB:.1f}",
            )
        )
    else:
        yield ok(text("doctor-own-tables-exist", number=len(names)))


def check_failed_at_index(installation: Installation) -> Iterator[Finding]:
    """Report what an index on `failed_at` would bring; the owner decides about the index."""
    text = installation.text
    table = installation.queue.failed
    with installation.connected() as connection:
        inspector = inspect(connection)
        if not inspector.has_table(table.name, schema=table.schema):
            sentence = text("doctor-needs-failed", check="queue-tables")
            yield Finding(status="skipped", sentence=sentence)
            return
        indexes = inspector.get_indexes(table.name, schema=table.schema)
        sizes = server.table_sizes(connection, table.schema, [table.name])
        name = name_in(connection, table)
        if is_sqlite(connection):
            yield ok(text("doctor-index-enough"))
            return
    if indexes:
        names = ", ".join(str(index["name"]) for index in indexes)
        yield ok(text("doctor-index", table=name, indexes=names))
        return
    size = sizes.get(table.name)
    rows, mebibytes = (0, 0.0) if size is None else (size.rows, size.bytes / _MIB)
    sentence = text("doctor-no-index", table=name, size=rows, memory=f"{mebibytes:.0f}")
    if rows < MANY_ROWS:
        yield ok(text("doctor-no-index-few", sentence=sentence))
        return
    yield ok(
        sentence,
        text("doctor-no-index-do"),
        f"CREATE INDEX {table.name}_failed_at ON {table.fullname} (failed_at);",
    )
