"""The bot's tables. Times are naive UTC with microseconds; row digests are 32 hex digits."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import mysql

from bot.queue.layouts import LONGEST_QUEUE, WallClock

metadata = MetaData()

_Id = BigInteger().with_variant(Integer(), "sqlite")
_Time = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_Long = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
# With the fractions that the queue's own column may have.
_WallClock = WallClock.with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
# Names are compared exactly, whatever the queue's own tables and the database do.
_PLAIN: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
}
_OPTIONS: dict[str, Any] = {**_PLAIN, "sqlite_autoincrement": True}


def _auto(name: str = "id") -> Column[int]:
    return Column(name, _Id, primary_key=True, autoincrement=True)


# One row a request that changes something: the same id again gets the stored answer.
requests = Table(
    "queue_bot_requests",
    metadata,
    Column("request_id", String(64), primary_key=True),
    Column("command", String(32), nullable=False),
    # What it asked for, hashed: the same id with other words is another request.
    Column("words", String(64), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("at", _Time, nullable=False, index=True),
    Column("answer", _Long),
    **_PLAIN,
)

SCOPE_INDEX = "queue_bot_failures_scope"
"""Finds the failures that are still there, in the order of `seq`."""

# The bot's index of what failed; `seq` is given after the failure's commit, by one at a time.
failures = Table(
    "queue_bot_failures",
    metadata,
    _auto("seq"),
    Column("failed_id", _Id, nullable=False, index=True),
    Column("row_digest", String(32), nullable=False),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    Column("error_group", String(191), nullable=False),
    # The exception's first line, for the message about it.
    Column("error", String(191), nullable=False),
    Column("job_class", String(191)),
    Column("order_id", String(64), index=True),
    Column("tienda_id", String(64)),
    Column("payload_digest", String(32), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("failed_at", _WallClock, nullable=False),
    Column("seen_at", _Time, nullable=False),
    # Null: no incident yet. 0: failed before the bot's first start, raises none.
    Column("incident", _Id),
    Column("gone_at", _Time),
    # Of use only because InnoDB and SQLite add the primary key to every index.
    Index(SCOPE_INDEX, "gone_at"),
    Index("queue_bot_failures_incident", "incident"),
    Index("queue_bot_failures_group", "error_group", "seq"),
    # Here a null takes the room of a value, so that setting `gone_at` or `incident` moves no row:
    # 4.5 ms instead of 10.8 for a batch of 1,000.
    mysql_row_format="REDUNDANT",
    mariadb_row_format="REDUNDANT",
    **_OPTIONS,
)

# INSERT only. What happened, written in the transaction of the change.
audit = Table(
    "queue_bot_audit",
    metadata,
    _auto(),
    Column("at", _Time, nullable=False),
    Column("request_id", String(64), nullable=False, index=True),
    Column("actor", String(64), nullable=False, index=True),
    Column("team", String(32)),
    Column("detail", String(191)),
    Column("source", String(16), nullable=False),
    Column("role", String(16), nullable=False),
    Column("rule", String(191), nullable=False),
    Column("action", String(32), nullable=False),
    Column("arguments", _Long, nullable=False),
    Column("targets", _Long, nullable=False),
    Column("channel", String(32)),
    Column("message_ts", String(32)),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(64)),
    Column("answer", _Long, nullable=False),
    Column("version", String(32), nullable=False),
    Column("replica", String(64), nullable=False),
    **_OPTIONS,
)

# INSERT only. One link a sealed record; `seq` has no gaps, `hash` covers the record and `prev`.
audit_chain = Table(
    "queue_bot_audit_chain",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=False),
    Column("audit_id", _Id, nullable=False, unique=True),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    **_PLAIN,
)

# What is to be said in Slack, committed with what it tells of and delivered until Slack has it.
# `kind`: post, edit (of the post with the same subject) or audit (drawn from the record it names).
outbox = Table(
    "queue_bot_outbox",
    metadata,
    _auto(),
    Column("kind", String(16), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("body", _Long, nullable=False),
    # What the message is about: a request id, an incident or an operation.
    Column("subject", String(80), nullable=False),
    Column("created_at", _Time, nullable=False),
    Column("next_attempt_at", _Time, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_epoch", _Id),
    Column("in_doubt", Boolean, nullable=False, server_default="0"),
    Column("error", String(64)),
    Column("sent_at", _Time),
    Column("sent_channel", String(32)),
    Column("sent_ts", String(32)),
    Index("queue_bot_outbox_due", "sent_at", "next_attempt_at", "id"),
    Index("queue_bot_outbox_subject", "subject", "kind"),
    **_OPTIONS,
)

# A bulk change: its frozen scope, and how far it is.
operations = Table(
    "queue_bot_operations",
    metadata,
    _auto(),
    Column("action", String(32), nullable=False),
    Column("scope", _Long, nullable=False),
    Column("queue", String(LONGEST_QUEUE)),
    Column("bound_seq", _Id, nullable=False),
    Column("total", _Id, nullable=False),
    Column("bytes", _Id, nullable=False),
    Column("state", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("team", String(32)),
    Column("source", String(16), nullable=False),
    Column("detail", String(191)),
    Column("channel", String(32)),
    Column("request_id", String(64), nullable=False, index=True),
    Column("created_at", _Time, nullable=False),
    Column("expires_at", _Time, nullable=False),
    Column("started_at", _Time),
    Column("finished_at", _Time),
    Column("owner", String(64)),
    Column("heartbeat", _Time),
    Column("cursor_seq", _Id, nullable=False, server_default="0"),
    Column("done", _Id, nullable=False, server_default="0"),
    Column("skipped", _Id, nullable=False, server_default="0"),
    Column("items_digest", String(64), nullable=False, server_default=""),
    Column("reason", String(64)),
    Index("queue_bot_operations_state", "state", "heartbeat"),
    **_OPTIONS,
)

# A row a job that a bulk change moved.
items = Table(
    "queue_bot_items",
    metadata,
    Column("operation", _Id, primary_key=True, autoincrement=False),
    # The operation's cursor before the batch.
    Column("batch", _Id, primary_key=True, autoincrement=False),
    Column("failed_id", _Id, primary_key=True, autoincrement=False),
    Column("row_digest", String(32), nullable=False),
    **_PLAIN,
)

# What retry, delete and clear removed, as it was. `kind` is `failed` or `job`.
archive = Table(
    "queue_bot_archive",
    metadata,
    _auto(),
    Column("kind", String(8), nullable=False),
    Column("row_id", _Id, nullable=False),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    Column("payload", _Long, nullable=False),
    Column("exception", _Long),
    Column("failed_at", _WallClock),
    Column("attempts", Integer),
    Column("max_attempts", Integer),
    Column("reserved_at", Integer),
    Column("available_at", Integer),
    Column("created_at", Integer),
    Column("action", String(32), nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("archived_at", _Time, nullable=False, index=True),
    Index("queue_bot_archive_row", "kind", "row_id"),
    **_OPTIONS,
)

# What went wrong, told once, in one message that is edited through its life.
incidents = Table(
    "queue_bot_incidents",
    metadata,
    _auto(),
    Column("kind", String(16), nullable=False),
    Column("key", String(191), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("opened_at", _Time, nullable=False, index=True),
    Column("count", Integer, nullable=False),
    Column("failed_id", _Id),
    Column("row_digest", String(32)),
    Column("closed_by", String(64)),
    Column("closed_how", String(32)),
    Column("closed_at", _Time),
    # Whether the message says less than the row; the watcher edits it.
    Column("stale", Boolean, nullable=False, server_default="0"),
    Column("channel", String(32)),
    Column("message_ts", String(32)),
    Index("queue_bot_incidents_stale", "stale"),
    Index("queue_bot_incidents_message", "channel", "message_ts"),
    **_OPTIONS,
)

# Who may do what only one replica may; every effect of a holder checks its epoch.
leases = Table(
    "queue_bot_leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("epoch", _Id, nullable=False),
    Column("expires", _Time, nullable=False),
    **_PLAIN,
)

# How far a rolling read has come.
marks = Table(
    "queue_bot_marks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", _Id, nullable=False),
    **_PLAIN,
)

# The last exact figures, for when counting takes longer than an answer may.
samples = Table(
    "queue_bot_samples",
    metadata,
    _auto(),
    Column("taken_at", _Time, nullable=False, index=True),
    Column("took_ms", Integer, nullable=False),
    Column("body", _Long, nullable=False),
    **_OPTIONS,
)

migrations = Table(
    "queue_bot_migrations",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", _Time, nullable=False),
    **_PLAIN,
)
