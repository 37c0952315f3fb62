"""Tables that somebody changed under the running bot, and that are put right again."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from tests.kit.queues import TestQueue


@contextmanager
def without_column(queue: TestQueue, table: str, column: str) -> Iterator[None]:
    """The table without this column, as after a migration of somebody else's."""
    _alter(queue, f"ALTER TABLE {table} RENAME COLUMN {column} TO elsewhere")
    try:
        yield
    finally:
        _alter(queue, f"ALTER TABLE {table} RENAME COLUMN elsewhere TO {column}")


@contextmanager
def without_table(queue: TestQueue, table: str) -> Iterator[None]:
    """The database without this table."""
    _alter(queue, f"ALTER TABLE {table} RENAME TO elsewhere")
    try:
        yield
    finally:
        _alter(queue, f"ALTER TABLE elsewhere RENAME TO {table}")


def _alter(queue: TestQueue, statement: str) -> None:
    with queue.engine.begin() as connection:
        connection.execute(text(statement))
