"""What became of retried jobs: each one that was retried by its id, and counts of the rest."""

from sqlalchemy import Boolean, Column, Integer, String, Table

from bot.queue.layouts import LONGEST_QUEUE
from bot.store.tables.columns import OPTIONS, PLAIN, Id, RowId, Time, auto, metadata
from bot.store.tables.failures import failures

# A job that was retried by its id (or as an operation's canary), and what became of it.
tracked_jobs = Table(
    "queue_bot_tracked_jobs",
    metadata,
    auto(),
    Column("request_id", String(64), nullable=False, index=True),
    Column("operation", Id, index=True),
    Column("actor", String(64), nullable=False),
    Column("failed_id", RowId, nullable=False),
    # Null where it was retried before it was indexed.
    Column("failed_seq", Id, index=True),
    # The id that the retry gave it, and the one that it has now: a worker that releases a job
    # deletes the row and inserts another.
    Column("retried_as", RowId, nullable=False),
    Column("job_id", RowId, nullable=False, index=True),
    # The highest id of `jobs` when it was last seen there.
    Column("highest_id", RowId, nullable=False),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    Column("payload_digest", String(32), nullable=False),
    Column("error_group", failures.c.error_group.type),
    Column("job_class", String(191)),
    Column("order_id", String(64), index=True),
    Column("retried_at", Time, nullable=False),
    Column("state", String(24), nullable=False),
    # Since when it is not in `jobs`, while that is no outcome yet.
    Column("missing_since", Time),
    # Whether it was said that it waits for long.
    Column("late", Boolean, nullable=False, server_default="0"),
    Column("settled_at", Time, index=True),
    Column("settled_by", String(64)),
    Column("settled_action", String(32)),
    # The new failure: of one job only.
    Column("outcome_seq", Id, unique=True),
    # Null: nothing is left to look for.
    Column("next_check_at", Time, index=True),
    **OPTIONS,
)


# How many jobs of a bulk retry have which outcome; see bot.store.operations.retries.outcomes.
outcomes = Table(
    "queue_bot_outcomes",
    metadata,
    Column("operation", Id, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("started_at", Time, nullable=False),
    Column("first_job_id", RowId, nullable=False),
    Column("next_range", Id, nullable=False),
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


# A range of ids of `jobs` in which jobs of a bulk retry wait, or may.
outcome_ranges = Table(
    "queue_bot_outcome_ranges",
    metadata,
    Column("operation", Id, primary_key=True, autoincrement=False),
    Column("number", Id, primary_key=True, autoincrement=False),
    # Null: not counted yet.
    Column("waiting", Integer),
    Column("checked_at", Time),
    **PLAIN,
)
