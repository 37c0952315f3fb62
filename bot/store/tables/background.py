"""The failing or late steps of the background work."""

from sqlalchemy import Column, Integer, String, Table

from bot.store.tables.columns import PLAIN, Time, metadata

# One row for each step of the leader that failed since its last success or is late. A step without
# a row works, so nothing is written without problems.
background_steps = Table(
    "queue_bot_background_steps",
    metadata,
    Column("name", String(32), primary_key=True),
    # How often the step should succeed.
    Column("period_seconds", Integer, nullable=False),
    # Its last success, or the start of this leader.
    Column("succeeded_at", Time, nullable=False),
    Column("failures", Integer, nullable=False),
    # The code of its last error; null: the step did not fail.
    Column("error", String(64)),
    **PLAIN,
)
