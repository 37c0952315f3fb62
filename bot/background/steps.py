"""Monitor the steps of the background work: each step has a name, a period and a last success.

A step that fails, hangs or never runs has no success in its period. So a thread that has ended is
detected, too. Ages are measured by a monotonic clock, so that a jump of the database's clock makes
no step late.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from bot.app.setup import Setup
from bot.background.leader import leader_transaction
from bot.models.refusals import Refusal
from bot.store import background_steps
from bot.store.background_steps import StepProblem, error_code, is_late
from bot.store.leases import Lease, LeaseLost

log = structlog.get_logger(__name__)

T = TypeVar("T")

AGAIN_AFTER = 60.0
"""Seconds between two writes of a failing step's row, whose count of failures grows."""


@dataclass(slots=True)
class _Step:
    """A step: its period, its last success, and the number of failures since then."""

    period: float
    succeeded: float
    failures: int = 0
    error: str | None = None
    # The last success by the database's clock; the value does not change after the first write.
    succeeded_at: datetime | None = None


class Steps:
    """The steps of one replica; their state is written only while the replica leads."""

    def __init__(
        self, periods: Mapping[str, float], clock: Callable[[], float] = monotonic
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._steps = {name: _Step(period, clock()) for name, period in periods.items()}
        # The names in the table and the time of the write; None before this leader's first write.
        self._written: frozenset[str] | None = None
        self._written_at = 0.0

    def begin(self) -> None:
        """Reset all failure counts and times, because this replica leads from now on."""
        with self._lock:
            now = self._clock()
            self._steps = {name: _Step(step.period, now) for name, step in self._steps.items()}
            self._written = None

    def run(self, name: str, work: Callable[[], T]) -> T:
        """Run the step and record its success or failure; exceptions are raised again."""
        try:
            result = work()
        except LeaseLost:
            raise
        except Exception as error:
            self._failed(name, error)
            raise
        self._succeeded(name)
        return result

    def skip(self, name: str) -> None:
        """Record a success, because the step has no work."""
        self._succeeded(name)

    def ages(self) -> dict[str, float]:
        """Return the seconds since the last success of each step."""
        with self._lock:
            now = self._clock()
            return {name: now - step.succeeded for name, step in self._steps.items()}

    def named(self, name: str, work: Callable[[], T]) -> Callable[[], T]:
        """Return the step as a function, so that the caller can guard it."""
        return partial(self.run, name, work)

    def expect(self, name: str, period: float) -> None:
        """Change the period of a step that determines its next period itself."""
        with self._lock:
            self._steps[name].period = period

    def _succeeded(self, name: str) -> None:
        with self._lock:
            step = self._steps[name]
            step.succeeded, step.failures = self._clock(), 0
            step.error = step.succeeded_at = None

    def _failed(self, name: str, error: Exception) -> None:
        with self._lock:
            step = self._steps[name]
            step.failures += 1
            step.error = error_code(error)

    def _unsuccessful(self, now: float) -> dict[str, _Step]:
        return {
            name: step
            for name, step in self._steps.items()
            if step.failures or is_late(now - step.succeeded, step.period)
        }

    @property
    def is_changed(self) -> bool:
        """Whether the table differs from the state that this replica knows."""
        with self._lock:
            now = self._clock()
            names = frozenset(self._unsuccessful(now))
            return names != self._written or bool(names and now - self._written_at >= AGAIN_AFTER)

    def write(self, setup: Setup, lease: Lease) -> None:
        """Write the unsuccessful steps to the table."""

        def work(connection: Connection, now: datetime) -> frozenset[str]:
            problems = self._problems(now)
            background_steps.replace(connection, problems)
            return frozenset(problem.name for problem in problems)

        written = leader_transaction(setup, lease, work)
        with self._lock:
            self._written, self._written_at = written, self._clock()

    def _problems(self, now: datetime) -> list[StepProblem]:
        with self._lock:
            moment = self._clock()
            problems = []
            for name, step in self._unsuccessful(moment).items():
                age = timedelta(seconds=round(moment - step.succeeded))
                step.succeeded_at = step.succeeded_at or now - age
                problems.append(
                    StepProblem(name, step.period, step.succeeded_at, step.failures, step.error)
                )
            return problems


def guarded(step: Callable[[], T]) -> T | None:
    """Run a step; log an error and return None, so that the other steps still run.

    `LeaseLost` is not caught, because no step may run after the lease is lost.
    """
    try:
        return step()
    except LeaseLost:
        raise
    except Refusal as refusal:
        log.warning("watch step failed", because=refusal.code)
    except Exception:
        # The thread must not end: any error is logged, and a later round tries again.
        log.exception("watch step failed")
    return None
