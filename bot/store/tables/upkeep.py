"""The coordination of replicas: leases, cursors, the watcher's load, and the schema version."""

from sqlalchemy import Column, Integer, String, Table

from bot.store.tables.columns import PLAIN, Id, RowId, Time, metadata

# Leases for work that only one replica may do; each transaction of a holder checks the epoch.
leases = Table(
    "queue_bot_leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("epoch", Id, nullable=False),
    # Since when this owner has held the lease without a break.
    Column("since", Time),
    Column("expires", Time, nullable=False),
    **PLAIN,
)


# The last row of each rolling read.
cursors = Table(
    "queue_bot_cursors",
    metadata,
    Column("name", String(32), primary_key=True),
    # Null: the read has not started.
    Column("position", RowId),
    # When it pointed beyond its rows for the last time, which only somebody else can cause.
    Column("reset_at", Time),
    **PLAIN,
)


# One row: how much database time the watcher takes.
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
