"""The archived rows that a bulk undo restored.

A bulk undo does not mark the rows in the archive. A mark makes a row longer, and then InnoDB
rewrites the page to make room: 14 kB of redo log for each row of 4 kB, instead of 60 bytes here.
An undo of a single change marks up to 20 rows in the archive itself.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, literal, select
from sqlalchemy.exc import IntegrityError

from bot.database.transactions import LostRace
from bot.queue.moves import exactly, is_among
from bot.store.tables import archive, restored_copies


def not_restored() -> ColumnElement[bool]:
    """Return the condition for archived rows that no undo has restored."""
    in_bulk = select(restored_copies.c.copy).where(restored_copies.c.copy == archive.c.id)
    return and_(archive.c.restored_at.is_(None), ~in_bulk.correlate(archive).exists())


def add(connection: Connection, copies: Sequence[int], operation: int) -> None:
    """Record that a bulk undo restores the archived rows with the ids `copies`.

    Raises `LostRace` if a row was already restored. So no row is restored twice.
    """
    restored = select(archive.c.id, literal(operation)).where(
        is_among(archive.c.id, copies), archive.c.restored_at.is_(None)
    )
    adding = insert(restored_copies).from_select(("copy", "operation"), restored)
    try:
        exactly(connection.execute(adding), len(copies))
    except IntegrityError as error:
        raise LostRace from error


def forget(connection: Connection, copies: Sequence[int]) -> None:
    """Delete the records of archived rows that were purged."""
    connection.execute(delete(restored_copies).where(restored_copies.c.copy.in_(copies)))
