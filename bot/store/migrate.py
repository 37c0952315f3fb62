"""Create the bot's tables by numbered migrations; two processes may migrate at once."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Column, Connection, Engine, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from bot.database.dialects import is_sqlite
from bot.database.engine import own_schema
from bot.database.errors import is_conflict, is_duplicate
from bot.database.moved_indexes import move_index
from bot.database.session import require_session, warn_of_kept
from bot.database.start import at_start
from bot.database.transactions import now_of, time_limit
from bot.fingerprint.error_group import RULES
from bot.models.refusals import StartError
from bot.store.tables import (
    SCOPE_INDEX,
    audit_targets,
    change_freeze,
    cursors,
    failures,
    leases,
    migrations,
    operations,
    requests,
    role_generation,
    tracked_jobs,
    watcher_load,
)
from bot.store.tables.columns import metadata

LOCK = "queue_bot_migrate"
LOCK_SECONDS = 50
"""This is below 60 s, the maximum wait for the server's answer."""
LEASES = ("watcher", "failures", "bulk")
FREEZE = "changes"
WATCH = "watcher"
ROLES = "roles"
CURSORS = (
    "settled",
    "ids_since",
    "scan",
    "backfill",
    "backfill_end",
    "backfill_began",
    "audit_settled",
    "digest",
    "open_incidents",
    "incidents_purged",
    "rules",
    "rules_next",
    "rules_group",
    "rules_seq",
    "subjects",
    "subjects_next",
    "subjects_seq",
    "removed_copied",
)


def _create_missing(connection: Connection, now: datetime) -> None:
    requests.metadata.create_all(connection)
    existing = set(connection.execute(select(leases.c.name)).scalars())
    for name in LEASES:
        if name not in existing:
            connection.execute(insert(leases).values(name=name, owner="", epoch=0, expires=now))
    existing = set(connection.execute(select(cursors.c.name)).scalars())
    for name in CURSORS:
        if name not in existing:
            connection.execute(insert(cursors).values(name=name, position=_start(connection, name)))
    if connection.execute(select(change_freeze.c.name)).first() is None:
        connection.execute(insert(change_freeze).values(name=FREEZE))
    if connection.execute(select(watcher_load.c.name)).first() is None:
        connection.execute(insert(watcher_load).values(name=WATCH))
    if connection.execute(select(role_generation.c.name)).first() is None:
        connection.execute(insert(role_generation).values(name=ROLES, generation=0))


def _add_times(connection: Connection, now: datetime) -> None:
    """Create the generation of the roles, and the indexes that find a person's recent retries."""
    _create_missing(connection, now)
    _create_indexes(connection, operations.c.started_at, tracked_jobs.c.retried_at)


def _index_shops(connection: Connection, now: datetime) -> None:
    """Create the indexes that find the failures and the audit targets of a shop."""
    _create_missing(connection, now)
    _create_indexes(connection, failures.c.tienda_id, audit_targets.c.tienda_id)


def _index_copies(connection: Connection, now: datetime) -> None:
    """Create the table of restored rows, and move the index for scopes to the copy of `removed_at`.

    The copy is null in every row at first. The index keeps its name, because running replicas of
    the version before use it in a hint.
    """
    _create_missing(connection, now)
    (scope_index,) = (index for index in failures.indexes if index.name == SCOPE_INDEX)
    move_index(connection, scope_index, own_schema(connection))


def _create_indexes(connection: Connection, *columns: Column[Any]) -> None:
    """Create the indexes of single columns that the database lacks."""
    for column in columns:
        for index in column.table.indexes:
            if list(index.columns) == [column]:
                index.create(connection, checkfirst=True)


def _start(connection: Connection, name: str) -> int | None:
    """Return the position at which a cursor starts."""
    if name in ("backfill", "backfill_end"):
        return None  # The backfill has not started; the first pass sets its end.
    if name == "rules":
        # Version 1 of the rules was not stored: a database with indexed failures has version 1.
        is_indexed = connection.execute(select(failures.c.seq).limit(1)).first() is not None
        return 1 if is_indexed else RULES
    return 0


MIGRATIONS: tuple[Callable[[Connection, datetime], None], ...] = (
    _create_missing,
    # The merges of error groups, and the cursors of their rules.
    _create_missing,
    _add_times,
    # The reservations of tables without a column for the time.
    _create_missing,
    # The tables of subjects, and the cursors of the relabeling.
    _create_missing,
    # The notes of error groups.
    _create_missing,
    # The payload edits of bulk retries.
    _create_missing,
    _index_shops,
    _index_copies,
)
"""The migrations in order. Each can be repeated after an interruption; DDL commits at once."""


def version(connection: Connection) -> int:
    """Return the number of the newest applied migration, or 0 if none was applied."""
    if not inspect(connection).has_table(migrations.name, schema=own_schema(connection)):
        return 0
    return connection.execute(select(func.max(migrations.c.version))).scalar() or 0


def migrate(engine: Engine, report: Callable[[str], object] = str) -> int:
    """Apply the missing migrations and return their number; a second process waits.

    `report` is called with the current activity. Raises `StartError` if the server refuses a
    migration.
    """
    with at_start():
        return _migrate(engine, report)


def _migrate(engine: Engine, report: Callable[[str], object]) -> int:
    """Run the migrations; repeat them if another cluster node creates a table or a row meanwhile.

    The repetition is needed because the lock works only within one server.
    """
    deadline = time_limit(engine, LOCK_SECONDS)
    while True:
        try:
            return _migrate_once(engine, report)
        except DBAPIError as error:
            if not (is_duplicate(error) or is_conflict(error)) or monotonic() > deadline:
                raise
        sleep(random.uniform(0.0, 0.1))  # noqa: S311 only jitter, not a secret


def _migrate_once(engine: Engine, report: Callable[[str], object]) -> int:
    applied = 0
    report("waiting for another migration")
    with engine.connect() as raw:
        connection = raw.execution_options(changes=True, lock_seconds=LOCK_SECONDS)
        with connection.begin():
            warn_of_kept(require_session(connection))
        locked = _lock(connection)
        try:
            with connection.begin():
                done = version(connection)
                for number in range(done + 1, len(MIGRATIONS) + 1):
                    report(f"migration {number} of {len(MIGRATIONS)}")
                    apply(connection, number)
                    applied += 1
        finally:
            if locked:
                # If the connection was lost, the server has already released the lock.
                with suppress(DBAPIError), connection.begin():
                    connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": LOCK})
    return applied


def apply(connection: Connection, number: int) -> None:
    """Execute a migration and record its number."""
    now = now_of(connection)
    MIGRATIONS[number - 1](connection, now)
    connection.execute(insert(migrations).values(version=number, applied_at=now))


def _lock(connection: Connection) -> bool:
    if is_sqlite(connection):
        # SQLite needs no other lock: BEGIN IMMEDIATE waits LOCK_SECONDS, and DDL is transactional.
        return False
    with connection.begin():
        acquired = connection.execute(
            text("SELECT GET_LOCK(:name, :seconds)"), {"name": LOCK, "seconds": LOCK_SECONDS}
        ).scalar()
    if acquired != 1:
        raise StartError([f"Another migration still runs after {LOCK_SECONDS} s: try again."])
    return True


def require_current(connection: Connection) -> None:
    """Raise `StartError` if the bot's tables do not match this version."""
    current = version(connection)
    if current < len(MIGRATIONS):
        raise StartError(
            [f"The bot's tables are at version {current} of {len(MIGRATIONS)}: queue-bot migrate."]
        )
    if current > len(MIGRATIONS):
        raise StartError(
            [f"The bot's tables are at version {current}, newer than this bot: update the bot."]
        )
    if absent := _missing_tables(connection):
        sentence = (
            f"The table {absent[0]} is missing, or this account has no privilege on it. Grant the "
            "account what docs/operating.md lists, or restore the table from a backup. Without a "
            "backup, empty queue_bot_migrations and run queue-bot migrate: it creates only what is "
            "missing."
        )
        raise StartError([sentence])
    missing = _missing_columns(connection)
    if missing:
        sentence = (
            f"The bot's tables were made by an earlier development version: {missing[0]} is "
            "missing. Drop the tables whose names begin with queue_bot_, then run "
            "queue-bot migrate. The queue's own tables stay as they are."
        )
        raise StartError([sentence])


def _missing_tables(connection: Connection) -> list[str]:
    """Return the bot's tables that the database lacks, or that it does not show this account."""
    present = set(inspect(connection).get_table_names(schema=own_schema(connection)))
    return [table.name for table in metadata.sorted_tables if table.name not in present]


def _missing_columns(connection: Connection) -> list[str]:
    """Return the columns that this version needs and the database lacks, as `table.column`."""
    columns_by_table = inspect(connection).get_multi_columns(
        filter_names=list(metadata.tables), schema=own_schema(connection)
    )
    present = {
        f"{table}.{column['name']}"
        for (_schema, table), columns in columns_by_table.items()
        for column in columns
    }
    needed = (column for table in metadata.sorted_tables for column in table.columns)
    return [str(column) for column in needed if str(column) not in present]
