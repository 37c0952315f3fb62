"""The index of failed jobs, their error groups, and their counts."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from bot.queue.layouts import LONGEST_QUEUE
from bot.store.tables.columns import OPTIONS, Id, RowId, Time, Wall, auto, metadata

SCOPE_INDEX = "queue_bot_failures_scope"
"""The index that finds the failures that are not removed, in the order of `seq`."""


# The bot's index of failed jobs; one process at a time assigns `seq`, after the failure's commit.
failures = Table(
    "queue_bot_failures",
    metadata,
    auto("seq"),
    Column("failed_id", RowId, nullable=False, index=True),
    Column("row_digest", String(32), nullable=False),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    Column("error_group", Id, nullable=False),
    # The exception's first line, for the alert.
    Column("error", String(191), nullable=False),
    Column("job_class", String(191)),
    Column("order_id", String(64), index=True),
    Column("tienda_id", String(64)),
    Column("payload_digest", String(32), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("failed_at", Wall, nullable=False),
    Column("seen_at", Time, nullable=False),
    # Null: no incident yet. 0: failed before the bot's first start, never gets an incident.
    Column("incident", Id),
    Column("removed_at", Time),
    # The operation that removed it.
    Column("operation", Id),
    # The bulk undo that restored it, 0 for a single undo: another row then replaces this one.
    Column("restored_by", Id),
    # Whether its job was retried before in the same incident, which counts the job only once.
    Column("again", Boolean, nullable=False, server_default="0"),
    # Useful only because InnoDB and SQLite append the primary key to every index.
    Index(SCOPE_INDEX, "removed_at"),
    Index("queue_bot_failures_incident", "incident"),
    Index("queue_bot_failures_group", "error_group", "seq"),
    Index("queue_bot_failures_payload", "payload_digest"),
    # In this format a null has the size of a value, so that setting `removed_at` or `incident`
    # moves no row: 4.5 ms instead of 10.8 for a batch of 1,000.
    **{**OPTIONS, "mysql_row_format": "REDUNDANT"},
)


# Failures with one cause; people type its id as E12.
error_groups = Table(
    "queue_bot_error_groups",
    metadata,
    auto(),
    Column("name", String(191), nullable=False, unique=True),
    **OPTIONS,
)


# Counts of failures that appeared and were removed: appended rows, and rows that the watcher
# aggregated.
failure_counts = Table(
    "queue_bot_failure_counts",
    metadata,
    auto(),
    Column("error_group", Id, nullable=False, index=True),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    # The hour of the failures, counted from 1970 by the queue's wall clock; 0: long ago; -1: all.
    Column("hour", Integer, nullable=False),
    Column("appeared", Id, nullable=False),
    Column("removed", Id, nullable=False),
    Column("first_at", Wall),
    Column("last_at", Wall),
    Column("aggregated", Boolean, nullable=False),
    # Has all columns for the sums of a day: 50,000 rows are read in a tenth of the time.
    Index(
        "queue_bot_failure_counts_aggregated",
        "aggregated",
        "hour",
        "error_group",
        "appeared",
        "removed",
    ),
    **OPTIONS,
)
