"""The table of failing or late steps of the background work."""

from sqlalchemy import Column, Integer, String, Table

from bot.store.tables.columns import PLAIN, Time, metadata

# One row for each step of the leader that is late or has failed since its last success. A step that
# works has no row, so the leader writes nothing if there are no problems.
background_steps = Table(
    "queue_bot_background_steps",
    metadata,
    Column("name", String(32), primary_key=True),
    # The step should succeed once in this many seconds.
    Column("period_seconds", Integer, nullable=False),
    # The step's last success, or the time when this replica became the leader.
    Column("succeeded_at", Time, nullable=False),
    Column("failures", Integer, nullable=False),
    # The code of the step's last error; null: the step did not fail.
    Column("error", String(64)),
    **PLAIN,
)
