"""The tables of the index of failures, the error groups, and the counts of failures."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from bot.models.subjects import LONGEST_NAME, LONGEST_VALUE
from bot.queue.layouts import LONGEST_QUEUE
from bot.store.tables.columns import OPTIONS, PLAIN, Id, Long, RowId, Time, Wall, auto, metadata

SCOPE_INDEX = "queue_bot_failures_scope"
"""The database index that has all failures that are not removed, in the order of `seq`.

It may also have failures that were removed a short time ago (see `removed_copy`)."""


# The index of failures. One process at a time assigns `seq`, after the failure's commit.
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
    Column("tienda_id", String(64), index=True),
    Column("payload_digest", String(32), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("failed_at", Wall, nullable=False),
    Column("seen_at", Time, nullable=False),
    # Null: no incident yet. 0: the job failed before the bot's first start; it gets no incident.
    Column("incident", Id),
    Column("removed_at", Time),
    # The operation that removed the failure.
    Column("operation", Id),
    # The bulk undo that restored the failure; 0: a single undo. The undo indexed the failure again
    # in a new row, and this new row replaces this old row.
    Column("restored_by", Id),
    # Whether the job was retried before in this incident. The incident counts the job once.
    Column("again", Boolean, nullable=False, server_default="0"),
    # A copy of `removed_at` for the index below. A step of the leader writes the copy later: an
    # index on `removed_at` doubles the time of a bulk change's mark. Until then, the copy of a
    # removed failure is null, so only `removed_at` says what is removed.
    Column("removed_copy", Time),
    # This index is useful only because InnoDB and SQLite append the primary key to every index.
    Index(SCOPE_INDEX, "removed_copy"),
    Index("queue_bot_failures_incident", "incident"),
    Index("queue_bot_failures_group", "error_group", "seq"),
    Index("queue_bot_failures_payload", "payload_digest"),
    # In this format a null is as large as a value. So an update of `removed_at` or `incident` moves
    # no row: a batch of 1,000 takes 4.5 ms instead of 10.8 ms.
    **{**OPTIONS, "mysql_row_format": "REDUNDANT"},
)


# The subjects of failures in addition to the order and the shop; the key finds the failures.
failure_subjects = Table(
    "queue_bot_failure_subjects",
    metadata,
    Column("name", String(LONGEST_NAME), primary_key=True),
    Column("value", String(LONGEST_VALUE), primary_key=True),
    Column("seq", Id, primary_key=True, autoincrement=False),
    Index("queue_bot_failure_subjects_seq", "seq"),
    **PLAIN,
)


# An error group: failures with one cause. People type the group's id as E12.
error_groups = Table(
    "queue_bot_error_groups",
    metadata,
    auto(),
    Column("name", String(191), nullable=False, unique=True),
    **OPTIONS,
)


# Merges: people decided that the failures of a group have the cause of another group. Only reads
# apply a merge. The failures and the counts keep their group, so the end of a merge restores
# everything.
error_merges = Table(
    "queue_bot_error_merges",
    metadata,
    Column("error_group", Id, primary_key=True, autoincrement=False),
    Column("into_group", Id, nullable=False),
    # Null: a new version of the rules gave both groups one name.
    Column("merged_by", String(64)),
    Column("merged_at", Time, nullable=False),
    **PLAIN,
)


# Notes: what people wrote about the cause of an error group, such as the address of a runbook.
error_notes = Table(
    "queue_bot_error_notes",
    metadata,
    Column("error_group", Id, primary_key=True, autoincrement=False),
    Column("note", Long, nullable=False),
    Column("noted_by", String(64), nullable=False),
    Column("noted_at", Time, nullable=False),
    **OPTIONS,
)


# The counts of new and of removed failures: appended rows, and rows that the watcher aggregated.
failure_counts = Table(
    "queue_bot_failure_counts",
    metadata,
    auto(),
    Column("error_group", Id, nullable=False, index=True),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    # The failures' hour since 1970 by the queue's wall clock; 0: old hours; -1: all hours.
    Column("hour", Integer, nullable=False),
    Column("appeared", Id, nullable=False),
    Column("removed", Id, nullable=False),
    Column("first_at", Wall),
    Column("last_at", Wall),
    Column("aggregated", Boolean, nullable=False),
    # The index has all columns for the sums of a day, so that 50,000 rows are read 10 times faster.
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
