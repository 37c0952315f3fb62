"""The steps of the background work that do not succeed: written by the leader, read by anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import DBAPIError

from bot.models.refusals import Refusal
from bot.store.tables import background_steps

PERIODS = 3
"""A step is late when it has not succeeded for so many of its periods."""
SHORTEST = 15.0
"""No step is late before this, in seconds: a deadlock or one slow round is no problem yet."""
LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class StepProblem:
    """A step that has not succeeded since a moment (naive UTC), and the code of its last error."""

    name: str
    period: float
    succeeded_at: datetime
    failures: int
    error: str | None


def is_late(seconds: float, period: float) -> bool:
    """Return whether a step that succeeded so many seconds ago is late."""
    return seconds > max(SHORTEST, PERIODS * period)


def replace(connection: Connection, problems: Sequence[StepProblem]) -> None:
    """Store these problems in place of all that were known; the caller has fenced it."""
    connection.execute(delete(background_steps))
    if problems:
        rows = [
            {
                "name": problem.name,
                "period_seconds": round(problem.period),
                "succeeded_at": problem.succeeded_at,
                "failures": problem.failures,
                "error": problem.error,
            }
            for problem in problems
        ]
        connection.execute(insert(background_steps), rows)


def late(connection: Connection, now: datetime) -> list[StepProblem]:
    """Return the steps that are late, those that have been so for longest first."""
    c = background_steps.c
    rows = connection.execute(select(background_steps).order_by(c.succeeded_at, c.name))
    return [
        StepProblem(row.name, row.period_seconds, row.succeeded_at, row.failures, row.error)
        for row in rows
        if is_late((now - row.succeeded_at) / timedelta(seconds=1), row.period_seconds)
    ]


def error_code(error: BaseException) -> str:
    """Return the type of an error and the server's number for it: nothing that quotes a row."""
    if isinstance(error, Refusal):
        return error.code
    code = type(error).__name__
    if isinstance(error, DBAPIError) and error.orig is not None:
        number = next((one for one in error.orig.args[:1] if isinstance(one, int)), None)
        detail = number or getattr(error.orig, "sqlite_errorname", None)
        code = code if detail is None else f"{code} {detail}"
    return code[:LONGEST_CODE]
