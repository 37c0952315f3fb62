"""Samples of the queue, their rollups, and the changes between two samples."""

from sqlalchemy import Boolean, Column, Integer, String, Table

from bot.queue.layouts import LONGEST_QUEUE
from bot.store.tables.columns import OPTIONS, PLAIN, Id, Long, Time, auto, metadata

# The last exact figures, for tables that take too long to count for an answer.
samples = Table(
    "queue_bot_samples",
    metadata,
    auto(),
    Column("taken_at", Time, nullable=False, index=True),
    Column("took_ms", Integer, nullable=False),
    Column("body", Long, nullable=False),
    # How many ids of `jobs` were assigned by then; null: the server does not know.
    Column("ids_taken", Id),
    # Whether all earlier failures were indexed, so that later ones are new.
    Column("steady", Boolean, nullable=False, server_default="0"),
    **OPTIONS,
)


# The bot's own changes of `jobs`, and newly indexed failures: appended in the transaction of each
# change, deleted by the next sample.
metric_deltas = Table(
    "queue_bot_metric_deltas",
    metadata,
    auto(),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    # New failures.
    Column("failed", Integer, nullable=False),
    # Jobs that the bot removed from `jobs`, minus those that it restored under their old ids.
    Column("removed", Integer, nullable=False),
    # Ids of `jobs` that the bot's inserts reserved but did not use.
    Column("skipped", Integer, nullable=False),
    **OPTIONS,
)


# Rollups of samples by minute, hour and day; no row: the bot took no sample.
rollups = Table(
    "queue_bot_rollups",
    metadata,
    Column("span", String(8), primary_key=True),
    Column("at", Time, primary_key=True),
    # Empty: all queues together.
    Column("queue", String(LONGEST_QUEUE), primary_key=True),
    # The maxima of the span. `failed` is null if unknown, `oldest_seconds` if no job was available.
    Column("pending", Id, nullable=False),
    Column("reserved", Id, nullable=False),
    Column("delayed", Id, nullable=False),
    Column("failed", Id),
    Column("oldest_seconds", Id),
    # The sums of the span; `processed` is null if unknown.
    Column("appeared", Id, nullable=False),
    Column("processed", Id),
    Column("looks", Integer, nullable=False),
    # For how many seconds of the span the sums hold.
    Column("seconds", Integer, nullable=False),
    # The number of queues with jobs that have no row of their own.
    Column("left_out", Integer, nullable=False),
    **PLAIN,
)
