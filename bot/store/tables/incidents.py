"""Incidents, what became of their failures, mutes, and what the last check saw."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from bot.queue.layouts import LONGEST_QUEUE
from bot.store.tables.columns import OPTIONS, PLAIN, Id, Long, Time, auto, metadata

LONGEST_SUBJECT = LONGEST_QUEUE + 16
"""A kind, a colon and a queue's name."""


# What went wrong, told once, in one message that is edited through its life. People type its id as
# I12.
incidents = Table(
    "queue_bot_incidents",
    metadata,
    auto(),
    Column("kind", String(16), nullable=False),
    # What it is about: `group:12`, `oldest:mail`. An open one holds it twice, so that two watchers
    # cannot both open one; null: closed.
    Column("subject", String(LONGEST_SUBJECT), nullable=False, index=True),
    Column("open_subject", String(LONGEST_SUBJECT), unique=True),
    Column("queue", String(LONGEST_QUEUE)),
    Column("error_group", Id),
    Column("opened_at", Time, nullable=False, index=True),
    # When it last got worse: a failure came, or what is watched was seen beyond its limit.
    Column("last_at", Time, nullable=False),
    # Since when nothing is wrong, while that is too short to say so.
    Column("clear_since", Time),
    Column("closed_at", Time),
    # `recovered`, or `quiet`: nothing new for long, and failed jobs are still there.
    Column("closed_how", String(16)),
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("reopened_at", Time),
    # When its message was put into the outbox, and when that was drawn last; null: nobody was told.
    Column("posted_at", Time),
    Column("drawn_at", Time),
    # Its failures: how many came, and how many of those are gone and how.
    Column("count", Id, nullable=False, server_default="0"),
    Column("retried", Id, nullable=False, server_default="0"),
    Column("deleted", Id, nullable=False, server_default="0"),
    Column("gone", Id, nullable=False, server_default="0"),
    # Where its failures begin in the index.
    Column("first_seq", Id),
    # The only failure, while there is one.
    Column("failed_id", Id),
    Column("row_digest", String(32)),
    # Who dealt with failures of it last.
    Column("settled_by", String(64)),
    Column("settled_how", String(32)),
    Column("settled_at", Time),
    # What is watched: the figure now, the worst so far, and what else the message draws (JSON).
    Column("value", Id),
    Column("worst", Id),
    Column("facts", Long),
    # What became of jobs while it was open; null: not known.
    Column("processed", Id),
    Column("failed", Id),
    # Of a condition: what its first minute held before it was opened (JSON), and whether what was
    # processed is its queue's alone; null: of all queues.
    Column("before", String(191)),
    Column("alone", Boolean),
    Column("acknowledged_by", String(64)),
    Column("acknowledged_at", Time),
    # As the message says it; null: it is not muted.
    Column("muted_until", Time),
    # How often it was escalated, when last, and the figure that was told then.
    Column("escalations", Integer, nullable=False, server_default="0"),
    Column("escalated_at", Time),
    Column("told", Id, nullable=False, server_default="0"),
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


# What nobody wants to be told of until a moment: an error group, a queue, or a kind of incident.
mutes = Table(
    "queue_bot_mutes",
    metadata,
    auto(),
    Column("error_group", Id),
    Column("queue", String(LONGEST_QUEUE)),
    Column("kind", String(16)),
    # What it is of, as `group:12`; of one topic only the newest holds it. Null: ended or replaced.
    Column("open_subject", String(LONGEST_SUBJECT), unique=True),
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
    Column("first_available_id", Id),
    Column("newest_reserved_at", Id),
    # When a worker was last known to take or end a job; null: never since the first probe.
    Column("workers_active_at", Time),
    # When a stuck job, one that is reserved for too long, was last seen.
    Column("stuck_at", Time),
    # How many jobs were available, a point a minute: JSON, [[unix seconds, count], …].
    Column("counts", Long, nullable=False),
    **PLAIN,
)
