"""The tables of requests, audit records, audit targets, and the chain that seals the records."""

from sqlalchemy import Column, Index, Integer, String, Table

from bot.models.subjects import LONGEST_NAME, LONGEST_VALUE
from bot.store.tables.columns import OPTIONS, PLAIN, Id, Long, RowId, Time, auto, metadata

# One row for each request that makes a change. A repeated request gets the stored answer.
requests = Table(
    "queue_bot_requests",
    metadata,
    Column("request_id", String(64), primary_key=True),
    Column("command", String(32), nullable=False),
    # The hash of the command and its arguments. A request with this id and another hash is refused.
    Column("digest", String(64), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("created_at", Time, nullable=False, index=True),
    Column("answer", Long),
    **PLAIN,
)


# INSERT only. The transaction of each change writes one record.
audit = Table(
    "queue_bot_audit",
    metadata,
    auto(),
    Column("at", Time, nullable=False, index=True),
    Column("request_id", String(64), nullable=False, index=True),
    Column("actor", String(64), nullable=False, index=True),
    Column("team", String(32)),
    Column("detail", String(191)),
    Column("source", String(16), nullable=False),
    Column("role", String(16), nullable=False),
    Column("rule", String(191), nullable=False),
    Column("action", String(32), nullable=False, index=True),
    Column("arguments", Long, nullable=False),
    Column("targets", Long, nullable=False),
    Column("channel", String(32)),
    Column("message_ts", String(32)),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(64)),
    Column("answer", Long, nullable=False),
    Column("version", String(32), nullable=False),
    Column("replica", String(64), nullable=False),
    # With a key: the key's name, random digits, and the HMAC over all columns except `id`.
    Column("key_id", String(16)),
    Column("nonce", String(32)),
    Column("mac", String(64), index=True),
    **OPTIONS,
)


# INSERT only. The targets of records. The commands `history` and `find` look up records by target,
# so they do not read JSON.
# `kind` is failed or job (`row_id` is the row's id, `job_id` the job that a retry created), or
# order (an order, a shop or another subject from a filter, without a row).
audit_targets = Table(
    "queue_bot_audit_targets",
    metadata,
    Column("audit_id", Id, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("row_id", RowId, nullable=False),
    Column("order_id", String(64)),
    Column("tienda_id", String(64)),
    Column("job_id", RowId),
    Index("queue_bot_audit_targets_row", "kind", "row_id"),
    Index("queue_bot_audit_targets_order", "order_id"),
    Index("queue_bot_audit_targets_shop", "tienda_id"),
    Index("queue_bot_audit_targets_job", "job_id"),
    **PLAIN,
)


# INSERT only. The subjects of targets in addition to the order and the shop, by target.
audit_subjects = Table(
    "queue_bot_audit_subjects",
    metadata,
    Column("name", String(LONGEST_NAME), primary_key=True),
    Column("value", String(LONGEST_VALUE), primary_key=True),
    Column("audit_id", Id, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Index("queue_bot_audit_subjects_record", "audit_id"),
    **PLAIN,
)


# INSERT only. One link for each sealed record; `seq` has no gaps. `digest` covers the record and
# all earlier records. With a key, `hash` is an HMAC over `digest` and `prev`; without a key,
# `hash` equals `digest`.
audit_chain = Table(
    "queue_bot_audit_chain",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("audit_id", Id, nullable=False, unique=True),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("key_id", String(16)),
    **PLAIN,
)


# INSERT only. Records that were written without the key or copied; the bot never seals them.
audit_rejected = Table(
    "queue_bot_audit_rejected",
    metadata,
    Column("audit_id", Id, primary_key=True, autoincrement=False),
    Column("reason", String(16), nullable=False),
    Column("at", Time, nullable=False),
    **PLAIN,
)
