"""Seeded faults of the guards against a team's database: each removes one guard."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from bot.database import session
from bot.queue import bulk, copies, moves
from bot.store.operations import halving
from bot.store.reports import problems
from tests.crash.mutants import replaced


@contextmanager
def no_strict_session() -> Iterator[None]:
    """The session keeps the server's default mode, which truncates a value that is too long."""
    with patch.dict(session.SETTINGS, {"sql_mode": ""}):
        yield


@contextmanager
def no_definitions() -> Iterator[None]:
    """Every copy counts as lossless, whatever the column definitions are."""
    with replaced((copies, "retry_risks"), by=lambda *_given: ()):
        yield


@contextmanager
def no_comparison() -> Iterator[None]:
    """No copy is compared with its original."""
    places = ((moves, "check_same_row"), (bulk, "check_same_rows"))
    with replaced(*places, by=lambda *_given: None):
        yield


@contextmanager
def no_smaller_batches() -> Iterator[None]:
    """A batch is moved as a whole or not at all."""

    def move(self: Any, batch: Any) -> list[Any]:
        return [self.move(batch)]

    with replaced((halving.Halving, "run"), by=move):
        yield


@contextmanager
def no_health_checks() -> Iterator[None]:
    """Health checks only whether a replica leads."""
    with patch.object(problems, "_CHECKS", ()):
        yield


@contextmanager
def a_failed_check_reports_no_problem() -> Iterator[None]:
    """A check that cannot read its tables finds no problem."""

    def checked(_part: object, read: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        try:
            return read()
        except Exception:  # noqa: BLE001 the fault itself
            return ()

    with replaced((problems, "checked"), by=checked):
        yield
