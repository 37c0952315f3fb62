"""The tables of incidents, incident deltas, incidents' operations, mutes and probe states."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from bot.queue.layouts import LONGEST_QUEUE
from bot.queue.layouts.reservations import reservations as recorded
from bot.store.tables.columns import OPTIONS, PLAIN, Id, Long, RowId, Time, Wall, auto, metadata

LONGEST_RULE = 32
LONGEST_SUBJECT = LONGEST_QUEUE + LONGEST_RULE
"""A subject is a rule, a colon and a queue's name."""


# An incident has one alert. The bot edits the alert until the incident is resolved. People type an
# incident's id as I12.
incidents = Table(
    "queue_bot_incidents",
    metadata,
    auto(),
    Column("rule", String(LONGEST_RULE), nullable=False),
    # The subject, such as `group:12` or `oldest_job:mail`. An active incident has its subject in
    # both columns, so that two watchers cannot trigger two incidents of a subject. Null in
    # `active_subject`: resolved.
    Column("subject", String(LONGEST_SUBJECT), nullable=False, index=True),
    Column("active_subject", String(LONGEST_SUBJECT), unique=True),
    Column("queue", String(LONGEST_QUEUE)),
    Column("error_group", Id),
    Column("triggered_at", Time, nullable=False, index=True),
    # The last time when there was a new failure, or a metric was beyond its limit.
    Column("last_at", Time, nullable=False),
    # When a check first found the problem absent; null again if the problem returns.
    Column("recovered_since", Time),
    Column("resolved_at", Time),
    # `recovered`; or `quiet`: no new failures for a long time, but failed jobs still exist.
    Column("resolution", String(16)),
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("reopened_at", Time),
    # When the alert was put into the outbox (null: not posted), and when it was last rendered.
    Column("posted_at", Time),
    Column("drawn_at", Time),
    # The number of failed jobs, each counted once, and of retried, deleted and removed jobs. A
    # retried job that failed again counts as a failed job, and neither as removed nor as retried.
    Column("count", Id, nullable=False, server_default="0"),
    Column("retried", Id, nullable=False, server_default="0"),
    Column("deleted", Id, nullable=False, server_default="0"),
    Column("removed", Id, nullable=False, server_default="0"),
    # The first and the last `failed_at` of the failures, by the queue's wall clock.
    Column("first_failed_at", Wall),
    Column("last_failed_at", Wall),
    # The `seq` of the first failure.
    Column("first_seq", Id),
    # The only failure, while the incident has exactly one failure.
    Column("failed_id", RowId),
    Column("row_digest", String(32)),
    # The person who last removed failures of the incident, the command, and the time.
    Column("settled_by", String(64)),
    Column("settled_how", String(32)),
    Column("settled_at", Time),
    # Metric rules: the current value, the highest so far, and other facts of the alert (JSON).
    Column("value", Id),
    Column("peak", Id),
    Column("facts", Long),
    # The numbers of jobs that were processed and that failed while it was active; null: unknown.
    Column("processed", Id),
    Column("failed", Id),
    # Metric rules: the activity in the minute of the trigger, before the trigger (JSON). This
    # baseline is subtracted from later sums. `sole_queue`: whether the incident's queue was the
    # only queue, so that all processed jobs belong to it; null: the incident is about all queues.
    Column("baseline", String(191)),
    Column("sole_queue", Boolean),
    Column("acknowledged_by", String(64)),
    Column("acknowledged_at", Time),
    # The person who assigned the incident to `acknowledged_by`; null: nobody assigned it.
    Column("assigned_by", String(64)),
    # The end of the mute that the alert shows; null: the alert shows no mute.
    Column("muted_until", Time),
    # The number of escalations, and the time of the last escalation. `notified_size` is the
    # incident's size in the last notification.
    Column("escalations", Integer, nullable=False, server_default="0"),
    Column("escalated_at", Time),
    # When a message about the incident last mentioned the user group on call; null: never.
    Column("called_at", Time),
    Column("notified_size", Id, nullable=False, server_default="0"),
    # Whether the alert is out of date; the watcher edits such an alert.
    Column("stale", Boolean, nullable=False, server_default="0"),
    Column("channel", String(32)),
    Column("message_ts", String(32)),
    Index("queue_bot_incidents_stale", "stale"),
    Index("queue_bot_incidents_message", "channel", "message_ts"),
    **OPTIONS,
)


# Incident deltas. Each change appends rows, so that no change waits for another change. The watcher
# adds the rows to the incident.
incident_deltas = Table(
    "queue_bot_incident_deltas",
    metadata,
    auto(),
    Column("incident", Id, nullable=False),
    # The number of removed failures; a negative number means restored.
    Column("removed", Id, nullable=False),
    Column("operation", Id),
    # The command's name, or `gone` if the failures were removed without the bot.
    Column("action", String(32), nullable=False),
    # Whether the command retries or deletes jobs; null: neither.
    Column("counts_as", String(8)),
    Column("actor", String(64)),
    Column("created_at", Time, nullable=False),
    **OPTIONS,
)


# The failures of an incident that an operation removed. Incident 0 has the failures from before
# the bot's first start.
incident_operations = Table(
    "queue_bot_incident_operations",
    metadata,
    Column("incident", Id, primary_key=True, autoincrement=False),
    Column("operation", Id, primary_key=True, autoincrement=False, index=True),
    Column("rows", Id, nullable=False),
    # After a retry: the number of jobs that failed with the old error, and with another error.
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
    # The topic, such as `group:12`, only in the topic's newest mute. Null: ended or replaced.
    Column("active_subject", String(LONGEST_SUBJECT), unique=True),
    Column("muted_by", String(64), nullable=False),
    Column("muted_at", Time, nullable=False),
    Column("until", Time, nullable=False, index=True),
    # Null: no person ended the mute; it expires at `until`.
    Column("ended_at", Time),
    Column("ended_by", String(64)),
    **OPTIONS,
)


# Probe states: each queue's last check, which the next check needs to detect worker activity.
probe_states = Table(
    "queue_bot_probe_states",
    metadata,
    Column("queue", String(LONGEST_QUEUE), primary_key=True),
    Column("probed_at", Time, nullable=False),
    # The time since which the queue has no job; null: the queue has jobs.
    Column("empty_since", Time),
    # The time since which every probe saw available jobs; null: there are no available jobs.
    Column("available_since", Time),
    # The available job with the lowest id, and the newest `reserved_at` (unix seconds).
    Column("first_available_id", RowId),
    Column("newest_reserved_at", Id),
    # When a worker is known to have last claimed or ended a job; null: not since the first probe.
    Column("workers_active_at", Time),
    # When a stuck job (reserved for too long) was last seen.
    Column("stuck_at", Time),
    # The number of available jobs, one point per minute, as JSON: [[unix seconds, count], …].
    Column("counts", Long, nullable=False),
    **PLAIN,
)


# Reservations in tables without a column for their time: when the bot first saw each reservation.
reservations = Table(
    recorded.name,
    metadata,
    Column(recorded.c.job_id.name, RowId, primary_key=True, autoincrement=False),
    Column(recorded.c.attempts.name, Id, nullable=False),
    Column(recorded.c.created_at.name, Id, nullable=False),
    # In unix seconds, like the times of the queue's tables.
    Column(recorded.c.seen_at.name, Id, nullable=False),
    **PLAIN,
)
