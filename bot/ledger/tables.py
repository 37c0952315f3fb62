"""The tables about jobs: what failed, what was moved, what was told of it; and the upkeep's.

Times are naive UTC with microseconds; row digests are 32 hex digits.
"""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from bot.ledger.columns import OPTIONS, PLAIN, Id, Long, Time, Wall, auto, metadata
from bot.queue.layouts import LONGEST_QUEUE

SCOPE_INDEX = "queue_bot_failures_scope"
"""Finds the failures that are still there, in the order of `seq`."""

# The bot's index of what failed; `seq` is given after the failure's commit, by one at a time.
failures = Table(
    "queue_bot_failures",
    metadata,
    auto("seq"),
    Column("failed_id", Id, nullable=False, index=True),
    Column("row_digest", String(32), nullable=False),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    Column("error_group", Id, nullable=False),
    # The exception's first line, for the message about it.
    Column("error", String(191), nullable=False),
    Column("job_class", String(191)),
    Column("order_id", String(64), index=True),
    Column("tienda_id", String(64)),
    Column("payload_digest", String(32), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("failed_at", Wall, nullable=False),
    Column("seen_at", Time, nullable=False),
    # Null: no incident yet. 0: failed before the bot's first start, raises none.
    Column("incident", Id),
    Column("gone_at", Time),
    # The bulk change that took it.
    Column("operation", Id),
    # The bulk undo that put it back, 0 for a single one: since then another row stands for it.
    Column("returned_by", Id),
    # Of use only because InnoDB and SQLite add the primary key to every index.
    Index(SCOPE_INDEX, "gone_at"),
    Index("queue_bot_failures_incident", "incident"),
    Index("queue_bot_failures_group", "error_group", "seq"),
    Index("queue_bot_failures_payload", "payload_digest"),
    # Here a null takes the room of a value, so that setting `gone_at` or `incident` moves no row:
    # 4.5 ms instead of 10.8 for a batch of 1,000.
    mysql_row_format="REDUNDANT",
    mariadb_row_format="REDUNDANT",
    **OPTIONS,
)

# A cause that failures have in common; people type its id as E12.
error_groups = Table(
    "queue_bot_error_groups",
    metadata,
    auto(),
    Column("name", String(191), nullable=False, unique=True),
    **OPTIONS,
)

# How many failures appeared and went: what was appended, and what the watcher folded of it.
failure_counts = Table(
    "queue_bot_failure_counts",
    metadata,
    auto(),
    Column("error_group", Id, nullable=False, index=True),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    # In which the jobs failed, counted from 1970 by the queue's wall clock; 0: long ago; -1: all.
    Column("hour", Integer, nullable=False),
    Column("appeared", Id, nullable=False),
    Column("gone", Id, nullable=False),
    Column("first_at", Wall),
    Column("last_at", Wall),
    Column("folded", Boolean, nullable=False),
    # With all that the sums of a day are made of: 50,000 rows are read in a tenth of the time.
    Index("queue_bot_failure_counts_folded", "folded", "hour", "error_group", "appeared", "gone"),
    **OPTIONS,
)

# A bulk change: its frozen scope, and how far it is.
operations = Table(
    "queue_bot_operations",
    metadata,
    auto(),
    Column("action", String(32), nullable=False),
    Column("scope", Long, nullable=False),
    Column("queue", String(LONGEST_QUEUE)),
    Column("bound_seq", Id, nullable=False),
    Column("total", Id, nullable=False),
    Column("bytes", Id, nullable=False),
    Column("state", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("team", String(32)),
    Column("source", String(16), nullable=False),
    Column("detail", String(191)),
    Column("channel", String(32)),
    Column("request_id", String(64), nullable=False, index=True),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("started_at", Time),
    Column("finished_at", Time),
    Column("owner", String(64)),
    Column("heartbeat", Time),
    Column("done", Id, nullable=False, server_default="0"),
    Column("skipped", Id, nullable=False, server_default="0"),
    Column("items_digest", String(64), nullable=False, server_default=""),
    Column("reason", String(64)),
    # Jobs a minute, jobs tried first, and whether what is removed is kept.
    Column("pace", Integer),
    Column("canary", Integer),
    Column("archive", Boolean, nullable=False, server_default="1"),
    Index("queue_bot_operations_state", "state", "heartbeat"),
    **OPTIONS,
)

# A stretch of a bulk change's failures: claimed, then done in one transaction.
batches = Table(
    "queue_bot_batches",
    metadata,
    Column("operation", Id, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("after_seq", Id, nullable=False),
    Column("last_seq", Id, nullable=False),
    Column("size", Integer, nullable=False),
    Column("starts_at", Time, nullable=False),
    Column("state", String(16), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("digest", String(64), nullable=False, server_default=""),
    # The jobs that a retry made have ids between these, among others.
    Column("first_job_id", Id),
    Column("last_job_id", Id),
    **PLAIN,
)

# What retry, delete and clear removed, as it was. `kind` is `failed` or `job`.
archive = Table(
    "queue_bot_archive",
    metadata,
    auto(),
    Column("kind", String(8), nullable=False),
    Column("row_id", Id, nullable=False),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    Column("payload", Long, nullable=False),
    Column("exception", Long),
    Column("failed_at", Wall),
    Column("attempts", Integer),
    Column("max_attempts", Integer),
    Column("reserved_at", Integer),
    Column("available_at", Integer),
    Column("created_at", Integer),
    Column("action", String(32), nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("archived_at", Time, nullable=False, index=True),
    # When an undo put it back, and the request of that undo; null: it was not undone.
    Column("restored_at", Time),
    Column("restored_request", String(64)),
    Index("queue_bot_archive_row", "kind", "row_id"),
    **OPTIONS,
)

# A job that was retried by its id (or as an operation's canary), and what became of it.
followed = Table(
    "queue_bot_followed",
    metadata,
    auto(),
    Column("request_id", String(64), nullable=False, index=True),
    Column("operation", Id, index=True),
    Column("actor", String(64), nullable=False),
    Column("failed_id", Id, nullable=False),
    # Null where it was retried before it was indexed.
    Column("failed_seq", Id, index=True),
    # The id that the retry gave it, and the one that it has now: a worker that releases a job
    # deletes the row and inserts another.
    Column("retried_as", Id, nullable=False),
    Column("job_id", Id, nullable=False, index=True),
    # The highest id of `jobs` when it was last seen there.
    Column("highest_id", Id, nullable=False),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    Column("payload_digest", String(32), nullable=False),
    Column("error_group", failures.c.error_group.type),
    Column("job_class", String(191)),
    Column("order_id", String(64), index=True),
    Column("retried_at", Time, nullable=False),
    Column("state", String(24), nullable=False),
    # Since when it is not in `jobs`, while that is no outcome yet.
    Column("missed_at", Time),
    # Whether it was said that it waits for long.
    Column("late", Boolean, nullable=False, server_default="0"),
    Column("settled_at", Time, index=True),
    Column("settled_by", String(64)),
    Column("settled_how", String(32)),
    # The new failure: of one job only.
    Column("outcome_seq", Id, unique=True),
    # Null: nothing is left to look for.
    Column("next_check_at", Time, index=True),
    **OPTIONS,
)

# How far the receipts of a bulk retry are; see bot.ledger.changing.outcomes.
outcomes = Table(
    "queue_bot_outcomes",
    metadata,
    Column("operation", Id, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("since", Time, nullable=False),
    Column("first_job_id", Id, nullable=False),
    Column("next_span", Id, nullable=False),
    Column("cursor_seq", Id, nullable=False),
    Column("failed_again", Id, nullable=False, server_default="0"),
    Column("failed_otherwise", Id, nullable=False, server_default="0"),
    Column("put_back", Id, nullable=False, server_default="0"),
    Column("deleted", Id, nullable=False, server_default="0"),
    Column("waiting", Id),
    Column("late", Boolean, nullable=False, server_default="0"),
    Column("drained_at", Time),
    Column("settled_at", Time),
    Column("next_check_at", Time, index=True),
    **PLAIN,
)

# A stretch of ids of `jobs` in which jobs of a bulk retry wait, or may.
spans = Table(
    "queue_bot_spans",
    metadata,
    Column("operation", Id, primary_key=True, autoincrement=False),
    Column("number", Id, primary_key=True, autoincrement=False),
    # Null: not counted yet.
    Column("waiting", Integer),
    Column("checked_at", Time),
    **PLAIN,
)

# One row: whether all changes are refused, since when, by whom and why; who ended that last.
freeze = Table(
    "queue_bot_freeze",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("frozen_at", Time),
    Column("frozen_by", String(64)),
    Column("reason", String(300)),
    Column("thawed_at", Time),
    Column("thawed_by", String(64)),
    **PLAIN,
)

# Who may do what only one replica may; every effect of a holder checks its epoch.
leases = Table(
    "queue_bot_leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("epoch", Id, nullable=False),
    # Since when this owner has had it without a break.
    Column("since", Time),
    Column("expires", Time, nullable=False),
    **PLAIN,
)

# How far a rolling read has come.
marks = Table(
    "queue_bot_marks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Id, nullable=False),
    **PLAIN,
)

migrations = Table(
    "queue_bot_migrations",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", Time, nullable=False),
    **PLAIN,
)
