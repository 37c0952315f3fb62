"""The table of the outbox: messages for Slack."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from bot.store.tables.columns import OPTIONS, Id, Long, Time, auto, metadata

# A change and its message commit together; the bot retries until Slack has the message.
# `kind` is post, edit (of the subject's post), reply (in the thread of the subject's post), audit
# or refusals (both are rendered from the audit records that the body names).
outbox = Table(
    "queue_bot_outbox",
    metadata,
    auto(),
    Column("kind", String(16), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("body", Long, nullable=False),
    # The subject of the message: a request id, an incident or an operation.
    Column("subject", String(80), nullable=False),
    Column("created_at", Time, nullable=False),
    Column("next_attempt_at", Time, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_epoch", Id),
    Column("in_doubt", Boolean, nullable=False, server_default="0"),
    Column("error", String(64)),
    Column("sent_at", Time),
    Column("sent_channel", String(32)),
    Column("sent_ts", String(32)),
    Index("queue_bot_outbox_due", "sent_at", "next_attempt_at", "id"),
    Index("queue_bot_outbox_subject", "subject", "kind"),
    **OPTIONS,
)
