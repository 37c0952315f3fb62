"""Commands on altered tables: rows stay unchanged after a refusal, and an undo restores them."""

from typing import Any

from sqlalchemy import text

from bot.database.transactions import reading
from bot.models.refusals import RowRefused, RowTooLong, RowWouldChange
from bot.queue.layouts import Queue, fitted, problems
from tests.kit.invariants import broken
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, make_setup


def rows(queue: TestQueue, table: str) -> list[tuple[Any, ...]]:
    """Return every row with every column, as the driver returns them."""
    with queue.engine.begin() as connection:
        return [
            tuple(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY id"))
        ]


def run(queue: TestQueue, *statements: str, **values: Any) -> None:
    """Execute statements as the table's owner."""
    with queue.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values)


def fitted_to(queue: TestQueue) -> Queue:
    """Return the queue as the bot opens it at start."""
    with reading(queue.engine) as connection:
        assert problems(connection, queue.queue) == []
        return fitted(connection, queue.queue)


def unchanged(queue: TestQueue, command: str, refusal: type[Exception], detail: str) -> None:
    """Assert that a command is refused with `detail`, and that no row changes."""
    before = rows(queue, "jobs"), rows(queue, "failed_jobs")
    answer = ask(make_setup(queue), command)
    assert isinstance(answer.refusal, refusal), answer
    assert isinstance(answer.refusal, RowTooLong | RowWouldChange | RowRefused)
    assert detail in answer.refusal.detail
    assert (rows(queue, "jobs"), rows(queue, "failed_jobs")) == before
    assert broken(queue) == []


def undo_restores(queue: TestQueue, command: str, table: str = "failed_jobs") -> None:
    """Assert that an undo of a command restores every column of every row."""
    before = rows(queue, table)
    setup = make_setup(queue)
    assert ask(setup, command).refusal is None
    assert rows(queue, table) != before
    assert ask(setup, "undo").refusal is None
    assert rows(queue, table) == before
    assert broken(queue) == []
