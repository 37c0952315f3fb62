"""Notes of error groups: what people wrote about a cause, such as the address of a runbook."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from bot.models.error_groups import Note
from bot.store.tables import error_notes


def find(connection: Connection, group: int) -> Note | None:
    """Return the note of this group, or None."""
    return of_members(connection, [group])


def of_members(connection: Connection, members: Collection[int]) -> Note | None:
    """Return the note of a group and its merged groups: the first group's, else the newest."""
    c = error_notes.c
    rows = connection.execute(
        select(error_notes).where(c.error_group.in_(members)).order_by(c.noted_at.desc())
    ).all()
    first = next(iter(members), None)
    row = next((row for row in rows if row.error_group == first), next(iter(rows), None))
    return None if row is None else Note(text=row.note, by=row.noted_by, at=row.noted_at)


def write(connection: Connection, group: int, text: str | None, by: str, now: datetime) -> None:
    """Replace the note of this group; None removes the note."""
    connection.execute(delete(error_notes).where(error_notes.c.error_group == group))
    if text is not None:
        values = {"error_group": group, "note": text, "noted_by": by[:64], "noted_at": now}
        connection.execute(insert(error_notes).values(values))
