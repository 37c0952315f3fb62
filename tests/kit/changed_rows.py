"""Rows of altered tables around a command: refused and unchanged, or restored by an undo."""

from typing import Any

from sqlalchemy import text

from bot.database.transactions import reading
from bot.models.refusals import RowRefused, RowTooLong, RowWouldChange
from bot.queue.layouts import Queue, fitted, problems
from tests.kit.invariants import broken
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, make_setup


def rows(queue: TestQueue, table: str) -> list[tuple[Any, ...]]:
    """Every row with every column, as the driver gives them."""
    with queue.engine.begin() as connection:
        return [
            tuple(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY id"))
        ]


def run(queue: TestQueue, *statements: str, **values: Any) -> None:
    """Execute statements of the table's owner."""
    with queue.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values)


def fitted_to(queue: TestQueue) -> Queue:
    """The queue as the bot opens it at start."""
    with reading(queue.engine) as connection:
        assert problems(connection, queue.queue) == []
        return fitted(connection, queue.queue)


def unchanged(queue: TestQueue, command: str, refusal: type[Exception], detail: str) -> None:
    """Say a command that must be refused, name what is wrong, and change nothing."""
    before = rows(queue, "jobs"), rows(queue, "failed_jobs")
    answer = ask(make_setup(queue), command)
    assert isinstance(answer.refusal, refusal), answer
    assert isinstance(answer.refusal, RowTooLong | RowWouldChange | RowRefused)
    assert detail in answer.refusal.detail
    assert (rows(queue, "jobs"), rows(queue, "failed_jobs")) == before
    assert broken(queue) == []


def comes_back(queue: TestQueue, command: str, table: str = "failed_jobs") -> None:
    """Say a command and undo it: every column of every row is what it was."""
    before = rows(queue, table)
    setup = make_setup(queue)
    assert ask(setup, command).refusal is None
    assert rows(queue, table) != before
    assert ask(setup, "undo").refusal is None
    assert rows(queue, table) == before
    assert broken(queue) == []
