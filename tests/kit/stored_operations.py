"""Rows of operations."""

from typing import Any

from bot.store import tables
from tests.kit.queues import TestQueue


def operation(queue: TestQueue, number: int) -> Any:
    """Return the row of an operation."""
    return next(row for row in queue.rows(tables.operations) if row.id == number)
