"""The bot's tables as version 8 of the migrations left them."""

from sqlalchemy import Engine, Index, text

from bot.database.engine import own_schema
from bot.store import tables
from bot.store.tables import SCOPE_INDEX


def return_to_version_8(engine: Engine) -> None:
    """Give the index for scopes its column of version 8, and drop what a later version created."""
    schema = own_schema(engine)
    failures = "queue_bot_failures" if schema is None else f"{schema}.queue_bot_failures"
    scope_index().drop(engine)
    tables.restored_copies.drop(engine)
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {failures} DROP COLUMN removed_copy"))
        connection.execute(text(f"CREATE INDEX {SCOPE_INDEX} ON {failures} (removed_at)"))
        m, c = tables.migrations.c, tables.cursors.c
        connection.execute(tables.migrations.delete().where(m.version > 8))
        connection.execute(tables.cursors.delete().where(c.name == "removed_copied"))


def scope_index() -> Index:
    """Return the index for scopes of this version."""
    (one,) = (one for one in tables.failures.indexes if one.name == SCOPE_INDEX)
    return one
