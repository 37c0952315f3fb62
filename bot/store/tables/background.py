"""The steps of the background work that do not succeed."""

from sqlalchemy import Column, Integer, String, Table

from bot.store.tables.columns import PLAIN, Time, metadata

# One row a step of the leader that failed since its last success, or has not ended for long; no
# row: it works. So nothing is written while all is well.
background_steps = Table(
    "queue_bot_background_steps",
    metadata,
    Column("name", String(32), primary_key=True),
    # How often it is to succeed.
    Column("period_seconds", Integer, nullable=False),
    # Its last success, or when this leader began.
    Column("succeeded_at", Time, nullable=False),
    Column("failures", Integer, nullable=False),
    # The code of its last error; null: it did not fail.
    Column("error", String(64)),
    **PLAIN,
)
