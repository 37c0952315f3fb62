"""Incidents, the changes of their failures, mutes, and the state of the last check."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from bot.queue.layouts import LONGEST_QUEUE
from bot.store.tables.columns import OPTIONS, PLAIN, Id, Long, RowId, Time, Wall, auto, metadata

LONGEST_RULE = 32
LONGEST_SUBJECT = LONGEST_QUEUE + LONGEST_RULE
"""A rule, a colon and a queue's name."""


# An incident has one alert, which is edited until it is resolved. People type its id as I12.
incidents = Table(
    "queue_bot_incidents",
    metadata,
    auto(),
    Column("rule", String(LONGEST_RULE), nullable=False),
    # The subject, as `group:12` or `oldest_job:mail`. An active incident has it in both columns, so
    # that two watchers cannot both trigger one; null: resolved.
    Column("subject", String(LONGEST_SUBJECT), nullable=False, index=True),
    Column("active_subject", String(LONGEST_SUBJECT), unique=True),
    Column("queue", String(LONGEST_QUEUE)),
    Column("error_group", Id),
    Column("triggered_at", Time, nullable=False, index=True),
    # When it last got worse: a new failure, or a metric beyond its limit.
    Column("last_at", Time, nullable=False),
    # Since when the problem is absent, while that is too short to resolve the incident.
    Column("recovered_since", Time),
    Column("resolved_at", Time),
    # `recovered`, or `quiet`: no new failures for long, but failed jobs still exist.
    Column("resolution", String(16)),
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("reopened_at", Time),
    # When its alert was put into the outbox, and when it was last rendered; null: not posted.
    Column("posted_at", Time),
    Column("drawn_at", Time),
    # Its failed jobs, each counted once, and how many of those were removed and how. A retried job
    # that failed again is a failed job once more: neither removed nor retried.
    Column("count", Id, nullable=False, server_default="0"),
    Column("retried", Id, nullable=False, server_default="0"),
    Column("deleted", Id, nullable=False, server_default="0"),
    Column("removed", Id, nullable=False, server_default="0"),
    # The first and the last `failed_at` of its failures, by the queue's wall clock.
    Column("first_failed_at", Wall),
    Column("last_failed_at", Wall),
    # The `seq` of its first failure.
    Column("first_seq", Id),
    # Its only failure, while it has exactly one.
    Column("failed_id", RowId),
    Column("row_digest", String(32)),
    # Who last removed failures of it, by which command, and when.
    Column("settled_by", String(64)),
    Column("settled_how", String(32)),
    Column("settled_at", Time),
    # Metric rules: the current value, the highest so far, and other facts of the alert (JSON).
    Column("value", Id),
    Column("peak", Id),
    Column("facts", Long),
    # How many jobs were processed and failed while it was active; null: unknown.
    Column("processed", Id),
    Column("failed", Id),
    # Metric rules: the sums of the first minute before the trigger (JSON); whether the queue was
    # the only one, so that all processed jobs are its own; null: of all queues.
    Column("baseline", String(191)),
    Column("sole_queue", Boolean),
    Column("acknowledged_by", String(64)),
    Column("acknowledged_at", Time),
    # Who made that person responsible; null: nobody, the person acknowledged it.
    Column("assigned_by", String(64)),
    # The end of the mute in the alert; null: not muted.
    Column("muted_until", Time),
    # How often it escalated, when last, and its size in the last notification.
    Column("escalations", Integer, nullable=False, server_default="0"),
    Column("escalated_at", Time),
    # When a message about it last mentioned the user group on call; null: never.
    Column("called_at", Time),
    Column("notified_size", Id, nullable=False, server_default="0"),
    # Whether the alert is out of date; the watcher edits it.
    Column("stale", Boolean, nullable=False, server_default="0"),
    Column("channel", String(32)),
    Column("message_ts", String(32)),
    Index("queue_bot_incidents_stale", "stale"),
    Index("queue_bot_incidents_message", "channel", "message_ts"),
    **OPTIONS,
)


# Changes of an incident's failures: appended with each change, so that no change waits for another,
# and added to the incident by the watcher.
incident_deltas = Table(
    "queue_bot_incident_deltas",
    metadata,
    auto(),
    Column("incident", Id, nullable=False),
    # How many were removed; a negative number was restored.
    Column("removed", Id, nullable=False),
    Column("operation", Id),
    # The command's name, or `gone` if they were removed without the bot.
    Column("action", String(32), nullable=False),
    # Whether the command retries or deletes jobs; null: neither.
    Column("counts_as", String(8)),
    Column("actor", String(64)),
    Column("created_at", Time, nullable=False),
    **OPTIONS,
)


# How many failures of an incident an operation removed; incident 0: before the first start.
incident_operations = Table(
    "queue_bot_incident_operations",
    metadata,
    Column("incident", Id, primary_key=True, autoincrement=False),
    Column("operation", Id, primary_key=True, autoincrement=False, index=True),
    Column("rows", Id, nullable=False),
    # If it retried them: how many failed with the same error, and how many with another one.
    Column("failed_again", Id, nullable=False, server_default="0"),
    Column("failed_otherwise", Id, nullable=False, server_default="0"),
    **PLAIN,
)


# Mutes: no notifications about an error group, a queue, an alert rule, or a rule of a queue.
mutes = Table(
    "queue_bot_mutes",
    metadata,
    auto(),
    Column("error_group", Id),
    Column("queue", String(LONGEST_QUEUE)),
    Column("rule", String(LONGEST_RULE)),
    # The topic, as `group:12`; only a topic's newest mute has it. Null: ended or replaced.
    Column("active_subject", String(LONGEST_SUBJECT), unique=True),
    Column("muted_by", String(64), nullable=False),
    Column("muted_at", Time, nullable=False),
    Column("until", Time, nullable=False, index=True),
    # Null: no person ended it; it expires, or expired.
    Column("ended_at", Time),
    Column("ended_by", String(64)),
    **OPTIONS,
)


# The result of the last check of each queue; the next check needs it to see active workers.
probe_states = Table(
    "queue_bot_probe_states",
    metadata,
    Column("queue", String(LONGEST_QUEUE), primary_key=True),
    Column("probed_at", Time, nullable=False),
    # Since when the queue has no job at all; null: it has jobs.
    Column("empty_since", Time),
    # Since when it has had available jobs in every probe; null: it has none.
    Column("available_since", Time),
    # The available job with the lowest id, and the newest `reserved_at` (unix seconds).
    Column("first_available_id", RowId),
    Column("newest_reserved_at", Id),
    # When a worker last took or ended a job, as far as known; null: never since the first probe.
    Column("workers_active_at", Time),
    # When a stuck job (reserved for too long) was last seen.
    Column("stuck_at", Time),
    # The number of available jobs, one point a minute: JSON, [[unix seconds, count], …].
    Column("counts", Long, nullable=False),
    **PLAIN,
)
