"""An operation that people start in Slack: its dialog and its final state."""

import json
from datetime import datetime
from typing import Any

from bot.store import tables
from bot.store.operations import operations
from tests.kit.queues import TestQueue
from tests.kit.team import Json, Team

OTHER = "App\\Exceptions\\CourierException: 503 - Service Unavailable"


def fill(queue: TestQueue) -> None:
    """Insert five failed jobs: three of one queue and cause, two of another."""
    for id_ in (41, 42, 43):
        queue.fail(id_, failed_at=datetime(2025, 11, 7, 10, 0, id_))  # noqa: DTZ001 wall clock
    for id_ in (44, 45):
        queue.fail(id_, queue="mail", exception=OTHER)


def shown(view: Json) -> str:
    """Return all text of a modal."""
    return json.dumps(view["blocks"], ensure_ascii=False)


def operation(team: Team) -> operations.Operation:
    """Return the current state of the only operation."""
    (row,) = team.queue.rows(tables.operations)
    with team.queue.engine.begin() as connection:
        latest = operations.find(connection, row.id)
    assert latest is not None
    return latest


def ended(team: Team) -> Any:
    """Wait for the only operation to end, and return its row."""
    return team.until(lambda: operation(team).finished_at and operation(team))
