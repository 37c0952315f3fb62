"""Incidents, what became of their failures, mutes, and what the last check saw."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from bot.queue.layouts import LONGEST_QUEUE
from bot.store.tables.columns import OPTIONS, PLAIN, Id, Long, RowId, Time, auto, metadata

LONGEST_RULE = 32
LONGEST_SUBJECT = LONGEST_QUEUE + LONGEST_RULE
"""A rule, a colon and a queue's name."""


# A problem with a life: one alert, which is edited until it is resolved. People type its id as I12.
incidents = Table(
    "queue_bot_incidents",
    metadata,
    auto(),
    Column("rule", String(LONGEST_RULE), nullable=False),
    # What it is about: `group:12`, `oldest_job:mail`. An active one holds it twice, so that two
    # watchers cannot both trigger one; null: resolved.
    Column("subject", String(LONGEST_SUBJECT), nullable=False, index=True),
    Column("active_subject", String(LONGEST_SUBJECT), unique=True),
    Column("queue", String(LONGEST_QUEUE)),
    Column("error_group", Id),
    Column("triggered_at", Time, nullable=False, index=True),
    # When it last got worse: a failure came, or what is watched was seen beyond its limit.
    Column("last_at", Time, nullable=False),
    # Since when nothing is wrong, while that is too short to say so.
    Column("recovered_since", Time),
    Column("resolved_at", Time),
    # `recovered`, or `quiet`: nothing new for long, and failed jobs are still there.
    Column("resolution", String(16)),
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("reopened_at", Time),
    # When its message was put into the outbox, and when that was drawn last; null: not posted.
    Column("posted_at", Time),
    Column("drawn_at", Time),
    # Its failures: how many came, and how many of those were removed and how.
    Column("count", Id, nullable=False, server_default="0"),
    Column("retried", Id, nullable=False, server_default="0"),
    Column("deleted", Id, nullable=False, server_default="0"),
    Column("removed", Id, nullable=False, server_default="0"),
    # Where its failures begin in the index.
    Column("first_seq", Id),
    # The only failure, while there is one.
    Column("failed_id", RowId),
    Column("row_digest", String(32)),
    # Who dealt with failures of it last.
    Column("settled_by", String(64)),
    Column("settled_how", String(32)),
    Column("settled_at", Time),
    # Of a metric rule: the value now, the highest so far, and what else the alert shows (JSON).
    Column("value", Id),
    Column("peak", Id),
    Column("facts", Long),
    # What became of jobs while it was active; null: not known.
    Column("processed", Id),
    Column("failed", Id),
    # Of a metric rule: what its first minute held before it was triggered (JSON), and whether the
    # queue was the only one, so that what was processed is its own; null: of all queues.
    Column("baseline", String(191)),
    Column("sole_queue", Boolean),
    Column("acknowledged_by", String(64)),
    Column("acknowledged_at", Time),
    # As the message says it; null: it is not muted.
    Column("muted_until", Time),
    # How often it was escalated, when last, and the size that people were last notified of.
    Column("escalations", Integer, nullable=False, server_default="0"),
    Column("escalated_at", Time),
    Column("notified_size", Id, nullable=False, server_default="0"),
    # Whether the message says less than the row; the watcher edits it.
    Column("stale", Boolean, nullable=False, server_default="0"),
    Column("channel", String(32)),
    Column("message_ts", String(32)),
    Index("queue_bot_incidents_stale", "stale"),
    Index("queue_bot_incidents_message", "channel", "message_ts"),
    **OPTIONS,
)


# What became of failures that belong to an incident: appended with the change itself, so that no
# change waits for another, and added to the incident by the watcher.
incident_deltas = Table(
    "queue_bot_incident_deltas",
    metadata,
    auto(),
    Column("incident", Id, nullable=False),
    # How many were removed; below 0: how many were put back.
    Column("removed", Id, nullable=False),
    Column("operation", Id),
    # A command's name, or `gone` if they were removed without the bot; and who ran it.
    Column("action", String(32), nullable=False),
    # Whether that retries or deletes jobs; null: neither.
    Column("counts_as", String(8)),
    Column("actor", String(64)),
    Column("created_at", Time, nullable=False),
    **OPTIONS,
)


# How many failures of an incident a bulk change took.
incident_operations = Table(
    "queue_bot_incident_operations",
    metadata,
    Column("incident", Id, primary_key=True, autoincrement=False),
    Column("operation", Id, primary_key=True, autoincrement=False, index=True),
    Column("rows", Id, nullable=False),
    **PLAIN,
)


# No notifications until a moment about an error group, a queue, or an alert rule.
mutes = Table(
    "queue_bot_mutes",
    metadata,
    auto(),
    Column("error_group", Id),
    Column("queue", String(LONGEST_QUEUE)),
    Column("rule", String(LONGEST_RULE)),
    # What it is of, as `group:12`; of one topic only the newest holds it. Null: ended or replaced.
    Column("active_subject", String(LONGEST_SUBJECT), unique=True),
    Column("muted_by", String(64), nullable=False),
    Column("muted_at", Time, nullable=False),
    Column("until", Time, nullable=False, index=True),
    # Null: it ends, or ended, by itself.
    Column("ended_at", Time),
    Column("ended_by", String(64)),
    **OPTIONS,
)


# What the last check saw of each queue, so that the next check knows whether workers are active.
probe_states = Table(
    "queue_bot_probe_states",
    metadata,
    Column("queue", String(LONGEST_QUEUE), primary_key=True),
    Column("probed_at", Time, nullable=False),
    # Since when the queue has no job at all; null: it has some.
    Column("empty_since", Time),
    # Since when it has available jobs without a break, as far as it was probed; null: none.
    Column("available_since", Time),
    # The available job with the lowest id, and the newest `reserved_at` (unix seconds).
    Column("first_available_id", RowId),
    Column("newest_reserved_at", Id),
    # When a worker was last known to take or end a job; null: never since the first probe.
    Column("workers_active_at", Time),
    # When a stuck job, one that is reserved for too long, was last seen.
    Column("stuck_at", Time),
    # How many jobs were available, a point a minute: JSON, [[unix seconds, count], …].
    Column("counts", Long, nullable=False),
    **PLAIN,
)
