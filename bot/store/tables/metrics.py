"""The tables of samples, metric deltas and rollups."""

from sqlalchemy import Boolean, Column, Integer, String, Table

from bot.queue.layouts import LONGEST_QUEUE
from bot.store.tables.columns import OPTIONS, PLAIN, Id, Long, Time, auto, metadata

# Samples: the last exact counts, used if an answer cannot wait for a count of the tables.
samples = Table(
    "queue_bot_samples",
    metadata,
    auto(),
    Column("taken_at", Time, nullable=False, index=True),
    Column("took_ms", Integer, nullable=False),
    Column("body", Long, nullable=False),
    # The number of `jobs` ids assigned before the sample; null: the server does not know it.
    Column("ids_taken", Id),
    # Whether all earlier failures were indexed, so that every later failure is new.
    Column("steady", Boolean, nullable=False, server_default="0"),
    **OPTIONS,
)


# Metric deltas: the bot's own changes of `jobs`, and newly indexed failures. The transaction of
# each change appends rows, and the next sample deletes the rows.
metric_deltas = Table(
    "queue_bot_metric_deltas",
    metadata,
    auto(),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    # New failures.
    Column("failed", Integer, nullable=False),
    # Jobs that the bot removed from `jobs`, minus jobs that it restored under their old ids.
    Column("removed", Integer, nullable=False),
    # Ids of `jobs` that the bot's inserts reserved but did not use.
    Column("skipped", Integer, nullable=False),
    **OPTIONS,
)


# Rollups of samples by minute, hour and day. A span without a sample has no row.
rollups = Table(
    "queue_bot_rollups",
    metadata,
    Column("span", String(8), primary_key=True),
    Column("at", Time, primary_key=True),
    # An empty name means all queues together.
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
    # The number of seconds of the span that the sums cover.
    Column("seconds", Integer, nullable=False),
    # The number of queues with jobs that have no separate row.
    Column("left_out", Integer, nullable=False),
    **PLAIN,
)
