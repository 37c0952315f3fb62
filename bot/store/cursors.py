"""How far a rolling read has come, by name."""

from sqlalchemy import Connection, select, update

from bot.store.tables import marks


def mark(connection: Connection, name: str) -> int:
    """The mark's value."""
    value = connection.execute(select(marks.c.value).where(marks.c.name == name)).scalar_one()
    return int(value)


def move(connection: Connection, name: str, value: int) -> None:
    """Set the mark."""
    connection.execute(update(marks).where(marks.c.name == name).values(value=value))
