"""The failing steps of the background work: the leader writes them and every replica reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import DBAPIError

from bot.models.refusals import Refusal
from bot.store.tables import background_steps

PERIODS = 3
"""A step is late if it has not succeeded for this number of periods."""
SHORTEST = 15.0
"""No step is late before this many seconds: one deadlock or slow round is not a problem."""
LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class StepProblem:
    """A failing step: its last success (naive UTC), and the code of its last error."""

    name: str
    period: float
    succeeded_at: datetime
    failures: int
    error: str | None


def is_late(seconds: float, period: float) -> bool:
    """Return whether a step that succeeded `seconds` ago is late."""
    return seconds > max(SHORTEST, PERIODS * period)


def replace(connection: Connection, problems: Sequence[StepProblem]) -> None:
    """Replace all stored problems with `problems`; the caller has checked the lease."""
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
    """Return the late steps; the step with the oldest success is first."""
    c = background_steps.c
    rows = connection.execute(select(background_steps).order_by(c.succeeded_at, c.name))
    return [
        StepProblem(row.name, row.period_seconds, row.succeeded_at, row.failures, row.error)
        for row in rows
        if is_late((now - row.succeeded_at) / timedelta(seconds=1), row.period_seconds)
    ]


def error_code(error: BaseException) -> str:
    """Return the type of an error and the server's error number, without any text from a row."""
    if isinstance(error, Refusal):
        return error.code
    code = type(error).__name__
    if isinstance(error, DBAPIError) and error.orig is not None:
        number = next((value for value in error.orig.args[:1] if isinstance(value, int)), None)
        detail = number or getattr(error.orig, "sqlite_errorname", None)
        code = code if detail is None else f"{code} {detail}"
    return code[:LONGEST_CODE]
