"""The tables of outcomes: tracked jobs that were retried by id, and counts of bulk retries."""

from sqlalchemy import Boolean, Column, Integer, String, Table

from bot.queue.layouts import LONGEST_QUEUE
from bot.store.tables.columns import OPTIONS, PLAIN, Id, RowId, Time, auto, metadata
from bot.store.tables.failures import failures

# Tracked jobs: retried by id or as an operation's canary, with their outcomes.
tracked_jobs = Table(
    "queue_bot_tracked_jobs",
    metadata,
    auto(),
    Column("request_id", String(64), nullable=False, index=True),
    Column("operation", Id, index=True),
    Column("actor", String(64), nullable=False),
    Column("failed_id", RowId, nullable=False),
    # Null: the failed job was retried before it was indexed.
    Column("failed_seq", Id, index=True),
    # The job's first id after the retry, and its current id. The id changes when a worker releases
    # the job, because the worker deletes the row and inserts a new row.
    Column("retried_as", RowId, nullable=False),
    Column("job_id", RowId, nullable=False, index=True),
    # The highest id of `jobs` when the job was last seen in `jobs`.
    Column("highest_id", RowId, nullable=False),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    Column("payload_digest", String(32), nullable=False),
    Column("error_group", failures.c.error_group.type),
    Column("job_class", String(191)),
    Column("order_id", String(64), index=True),
    Column("retried_at", Time, nullable=False, index=True),
    Column("state", String(24), nullable=False),
    # The time since which the job is missing from `jobs`, while its outcome is unknown.
    Column("missing_since", Time),
    # Whether a worker has claimed the job since the retry; the retry can then not be undone.
    Column("started", Boolean, nullable=False, server_default="0"),
    # Whether the bot has notified people that the job has waited for a long time.
    Column("late", Boolean, nullable=False, server_default="0"),
    Column("settled_at", Time, index=True),
    Column("settled_by", String(64)),
    Column("settled_action", String(32)),
    # The `seq` of the job's new failure; a failure belongs to only one job.
    Column("outcome_seq", Id, unique=True),
    # Null: the job needs no further check.
    Column("next_check_at", Time, index=True),
    **OPTIONS,
)


# The number of a bulk retry's jobs by outcome; see bot.store.operations.retries.outcomes.
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


# The ranges of `jobs` ids in which jobs of a bulk retry wait or may wait.
outcome_ranges = Table(
    "queue_bot_outcome_ranges",
    metadata,
    Column("operation", Id, primary_key=True, autoincrement=False),
    Column("number", Id, primary_key=True, autoincrement=False),
    # Null: the range is not counted yet.
    Column("waiting", Integer),
    Column("checked_at", Time),
    **PLAIN,
)
