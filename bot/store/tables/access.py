"""The table from which every replica learns that roles changed."""

from sqlalchemy import Column, String, Table

from bot.store.tables.columns import PLAIN, Id, Long, metadata

# One row. `generation` grows when a replica learns that roles changed. `rules` are the role
# settings of the replica that started last.
role_generation = Table(
    "queue_bot_role_generation",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("generation", Id, nullable=False),
    Column("rules", Long),
    **PLAIN,
)
