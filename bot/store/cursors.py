"""Cursors: the last row of each rolling read, by name."""

from sqlalchemy import Connection, select, update

from bot.store.tables import cursors


def position(connection: Connection, name: str) -> int:
    """Return the cursor's position, or -1 if it has none yet."""
    c = cursors.c
    at = connection.execute(select(c.position).where(c.name == name)).scalar_one()
    return -1 if at is None else int(at)


def set_position(connection: Connection, name: str, to: int) -> None:
    """Set the cursor's position."""
    connection.execute(update(cursors).where(cursors.c.name == name).values(position=to))
