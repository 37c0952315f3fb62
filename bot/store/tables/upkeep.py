"""The tables of leases, cursors, the watcher's load, and applied migrations."""

from sqlalchemy import Column, Integer, String, Table

from bot.store.tables.columns import PLAIN, Id, RowId, Time, metadata

# Leases for work that only one replica may do. Each transaction of a holder checks the epoch.
leases = Table(
    "queue_bot_leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("epoch", Id, nullable=False),
    # The time since which this owner has held the lease without interruption.
    Column("since", Time),
    Column("expires", Time, nullable=False),
    **PLAIN,
)


# Cursors: a named position up to which rows were read.
cursors = Table(
    "queue_bot_cursors",
    metadata,
    Column("name", String(32), primary_key=True),
    # Null: the reading of rows has not started.
    Column("position", RowId),
    # When the bot last reset the cursor because somebody else had moved it beyond its rows.
    Column("reset_at", Time),
    **PLAIN,
)


# One row: the database time that the watcher takes.
watcher_load = Table(
    "queue_bot_watcher_load",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("passed_at", Time),
    Column("pass_ms", Integer),
    Column("worst_ms", Integer),
    Column("worst_at", Time),
    **PLAIN,
)


migrations = Table(
    "queue_bot_migrations",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", Time, nullable=False),
    **PLAIN,
)
