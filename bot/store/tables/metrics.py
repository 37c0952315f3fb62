"""Samples of the queue, their rollups, and what changed between two samples."""

from sqlalchemy import Boolean, Column, Integer, String, Table

from bot.queue.layouts import LONGEST_QUEUE
from bot.store.tables.columns import OPTIONS, PLAIN, Id, Long, Time, auto, metadata

# The last exact figures, for when counting takes longer than an answer may.
samples = Table(
    "queue_bot_samples",
    metadata,
    auto(),
    Column("taken_at", Time, nullable=False, index=True),
    Column("took_ms", Integer, nullable=False),
    Column("body", Long, nullable=False),
    # How many ids of `jobs` were handed out by then; null: the server does not say.
    Column("ids_taken", Id),
    # Whether all that failed before was indexed, so that what comes next is new.
    Column("steady", Boolean, nullable=False, server_default="0"),
    **OPTIONS,
)


# What moved jobs without a worker, or was indexed as failed: appended in the transaction of each
# change, taken away by the next sample.
metric_deltas = Table(
    "queue_bot_metric_deltas",
    metadata,
    auto(),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    # New failures.
    Column("failed", Integer, nullable=False),
    # Jobs that the bot took out of `jobs`, less those that it put there under an id of their own.
    Column("removed", Integer, nullable=False),
    # Ids of `jobs` that the bot's inserts took and did not use.
    Column("skipped", Integer, nullable=False),
    **OPTIONS,
)


# Samples rolled up by minute, hour and day; no row: the bot did not look.
rollups = Table(
    "queue_bot_rollups",
    metadata,
    Column("span", String(8), primary_key=True),
    Column("at", Time, primary_key=True),
    # Empty: all queues together.
    Column("queue", String(LONGEST_QUEUE), primary_key=True),
    # The highest of the span; of failed jobs and the age null: not known, none.
    Column("pending", Id, nullable=False),
    Column("reserved", Id, nullable=False),
    Column("delayed", Id, nullable=False),
    Column("failed", Id),
    Column("oldest_seconds", Id),
    # The sums of the span; of processed null: not known.
    Column("appeared", Id, nullable=False),
    Column("processed", Id),
    Column("looks", Integer, nullable=False),
    # How much of the span the sums are of.
    Column("seconds", Integer, nullable=False),
    # Queues that have no row of their own though they had jobs.
    Column("left_out", Integer, nullable=False),
    **PLAIN,
)
