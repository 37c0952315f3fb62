"""The tables of operations (bulk changes), batches, archived rows, and the change freeze."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from bot.queue.layouts import LONGEST_QUEUE
from bot.store.tables.columns import OPTIONS, PLAIN, Id, Long, RowId, Time, Wall, auto, metadata

# Operations: each has a fixed scope and its progress.
operations = Table(
    "queue_bot_operations",
    metadata,
    auto(),
    Column("action", String(32), nullable=False),
    # Whether the action retries, deletes or undoes; null: none of these.
    Column("counts_as", String(8)),
    Column("scope", Long, nullable=False),
    Column("queue", String(LONGEST_QUEUE)),
    Column("bound_seq", Id, nullable=False),
    Column("total", Id, nullable=False),
    Column("bytes", Id, nullable=False),
    Column("state", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("team", String(32)),
    Column("source", String(16), nullable=False),
    Column("detail", String(191)),
    Column("channel", String(32)),
    Column("request_id", String(64), nullable=False, index=True),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("started_at", Time, index=True),
    Column("finished_at", Time),
    Column("owner", String(64)),
    Column("heartbeat", Time),
    Column("done", Id, nullable=False, server_default="0"),
    Column("skipped", Id, nullable=False, server_default="0"),
    Column("items_digest", String(64), nullable=False, server_default=""),
    Column("reason", String(64)),
    # The rate in jobs per minute, the canary in jobs, and whether removed rows are archived.
    Column("rate", Integer),
    Column("canary", Integer),
    Column("archive", Boolean, nullable=False, server_default="1"),
    Index("queue_bot_operations_state", "state", "heartbeat"),
    **OPTIONS,
)


# Batches: a range of an operation's failures, first claimed, then changed in one transaction.
batches = Table(
    "queue_bot_batches",
    metadata,
    Column("operation", Id, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("after_seq", Id, nullable=False),
    Column("last_seq", Id, nullable=False),
    Column("size", Integer, nullable=False),
    Column("starts_at", Time, nullable=False),
    Column("state", String(16), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("digest", String(64), nullable=False, server_default=""),
    # The jobs that a retry created have ids in this range; other jobs may be in the range too.
    Column("first_job_id", RowId),
    Column("last_job_id", RowId),
    **PLAIN,
)


# The number of payloads that a batch of a retry edited, by kind of edit.
payload_edits = Table(
    "queue_bot_payload_edits",
    metadata,
    Column("operation", Id, primary_key=True, autoincrement=False),
    Column("batch", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(32), primary_key=True),
    Column("rows", Integer, nullable=False),
    **PLAIN,
)


# Failed jobs that an operation could not move, and the reasons. `detail` has no secrets.
set_aside = Table(
    "queue_bot_set_aside",
    metadata,
    Column("operation", Id, primary_key=True, autoincrement=False),
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("failed_id", RowId, nullable=False),
    Column("code", String(32), nullable=False),
    Column("detail", String(255), nullable=False),
    **PLAIN,
)


# The archive: the exact rows that retry, delete and clear removed. `kind` is `failed` or `job`.
archive = Table(
    "queue_bot_archive",
    metadata,
    auto(),
    Column("kind", String(8), nullable=False),
    Column("row_id", RowId, nullable=False),
    Column("queue", String(LONGEST_QUEUE), nullable=False),
    Column("payload", Long),
    Column("exception", Long),
    Column("failed_at", Wall),
    Column("attempts", Id),
    Column("max_attempts", Id),
    Column("reserved_at", Id),
    Column("available_at", Id),
    Column("created_at", Id),
    # All values that these columns do not store exactly, written by bot/database/extra_columns.py.
    Column("extra", Long),
    # The digest is computed like `payload_digest` of failures, from the row's payload.
    Column("payload_digest", String(32)),
    Column("action", String(32), nullable=False),
    # The values are those of `counts_as` in operations.
    Column("counts_as", String(8)),
    Column("request_id", String(64), nullable=False),
    Column("archived_at", Time, nullable=False, index=True),
    # When an undo of a single change restored the row, and the undo's request id.
    Column("restored_at", Time),
    Column("restored_request", String(64)),
    Index("queue_bot_archive_row", "kind", "row_id"),
    **OPTIONS,
)


# The archived rows that a bulk undo restored. `operation` is the number of the undo.
restored_copies = Table(
    "queue_bot_restored_copies",
    metadata,
    Column("copy", Id, primary_key=True, autoincrement=False),
    Column("operation", Id, nullable=False),
    **PLAIN,
)


# One row: the time, person and reason of the freeze in force (all changes are refused), and the
# time and person that ended the last freeze.
change_freeze = Table(
    "queue_bot_change_freeze",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("frozen_at", Time),
    Column("frozen_by", String(64)),
    Column("reason", String(300)),
    Column("unfrozen_at", Time),
    Column("unfrozen_by", String(64)),
    **PLAIN,
)
