"""Tables that are altered while the bot runs, and restored afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from tests.kit.queues import TestQueue


@contextmanager
def without_column(queue: TestQueue, table: str, column: str) -> Iterator[None]:
    """Remove this column, as another program's migration would, until the block ends."""
    _alter(queue, f"ALTER TABLE {table} RENAME COLUMN {column} TO elsewhere")
    try:
        yield
    finally:
        _alter(queue, f"ALTER TABLE {table} RENAME COLUMN elsewhere TO {column}")


@contextmanager
def without_table(queue: TestQueue, table: str) -> Iterator[None]:
    """Remove this table from the database until the block ends."""
    _alter(queue, f"ALTER TABLE {table} RENAME TO elsewhere")
    try:
        yield
    finally:
        _alter(queue, f"ALTER TABLE elsewhere RENAME TO {table}")


def _alter(queue: TestQueue, statement: str) -> None:
    with queue.engine.begin() as connection:
        connection.execute(text(statement))
