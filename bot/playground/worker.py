"""A simulated worker, which processes available jobs, mostly without failure, and adds orders.

A visitor can change the speed and the rate of random failures, break NetSuite, and pause the
worker.
"""

import random
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Engine, RowMapping, insert, select
from sqlalchemy.exc import OperationalError

from bot.localslack.blocks.forms import WrongValueError
from bot.localslack.blocks.specs import Json
from bot.playground.frameworks.framework import Cause, Framework, Task
from bot.playground.seed import FAILED
from bot.wall_clock import unix

SEED = 7
STEP_SECONDS = 1.5
TICK = 0.05  # seconds until a changed speed takes effect
FIRST_FAILURE = 4
"""The worker's fourth job fails, so that a visitor sees an alert soon.

A job that failed before does not fail for this reason, so that a retry after the fix succeeds.
"""
MOST_PENDING = 8
OUTAGE_JOBS = 20
"""The number of jobs that fail while NetSuite is broken; new orders arrive after the fix."""

_CAUSES = {
    "netsuite": (Cause.LOCK_WAIT, Cause.RATE_LIMIT),
    "mail": (Cause.MAILBOX_FULL,),
    "shipping": (Cause.TIMEOUT,),
}
_FINAL = (Cause.NETSUITE_DOWN, Cause.TIMEOUT)
"""The causes after which a job fails at once, whatever number of attempts is left."""
_LIMITS = {"speed": (0.25, 8.0), "failure_rate": (0.0, 1.0)}


@dataclass(frozen=True, slots=True)
class WorkerControls:
    """The worker's controls: `speed` as a factor, and `failure_rate` of random failures.

    While `paused`, the worker starts no job but new orders arrive, as if the worker were dead.
    While NetSuite is `broken`, every job in the queue `netsuite` fails at once, and new orders for
    this queue arrive fast until `OUTAGE_JOBS` jobs have failed.
    """

    speed: float = 1.0
    failure_rate: float = 0.06
    broken: bool = False
    paused: bool = False


def with_changes(controls: WorkerControls, changes: Json) -> WorkerControls:
    """Return the controls with the changes; raises `WrongValueError`."""
    names = set(asdict(controls))
    if not changes or not changes.keys() <= names:
        raise WrongValueError(f"a worker has {', '.join(sorted(names))}")
    for name, value in changes.items():
        if name not in _LIMITS:
            if not isinstance(value, bool):
                raise WrongValueError(f"{name} must be true or false")
            continue
        least, most = _LIMITS[name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not least <= value <= most:
            raise WrongValueError(f"{name} must be a number from {least:g} to {most:g}")
    return replace(controls, **changes)


class Worker:
    """A worker in a separate thread; `seed` makes its orders and failures repeatable."""

    def __init__(self, engine: Engine, framework: Framework, seed: int = SEED) -> None:
        self._engine = engine.execution_options(changes=True)
        self._framework = framework
        self._random = random.Random(seed)  # noqa: S311 a simulation
        self._stop = threading.Event()
        self._steering = threading.Lock()
        self._controls = WorkerControls()
        self._done = 0
        self._failed = 0
        self._at: int | None = None
        self._lost = 0
        self._hurries = False
        self._failed_once = {(row.queue, str(row.order)) for row in FAILED}
        self._failing: dict[tuple[str, str], Cause] = {}
        self._order = 803_210
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current job."""
        self._stop.set()
        self._thread.join(5)

    def steer(self, changes: Json) -> Json:
        """Change the named controls and return all of them."""
        with self._steering:
            self._controls = with_changes(self._controls, changes)
        return {"worker": self.as_json()}

    def as_json(self) -> Json:
        """Return the controls, the counts of processed and failed jobs, and the current job."""
        counts = {"done": self._done - self._failed, "failed": self._failed, "at": self._at}
        return asdict(self._controls) | counts

    def _run(self) -> None:
        while not self._spend(STEP_SECONDS / (3 if self._hurries else 1)):
            try:
                self._arrive()
                if not self._controls.paused:
                    self._work()
            except OperationalError:
                # SQLite was locked for longer than the timeout, so the worker tries again.
                continue
            finally:
                self._at = None

    def _spend(self, seconds: float) -> bool:
        """Wait at the current speed; return True if the worker must stop."""
        while seconds > 0:
            if self._stop.wait(TICK):
                return True
            seconds -= TICK * self._controls.speed
        return False

    def _arrive(self) -> None:
        """Add a job at random while few jobs wait; add two at a time while NetSuite is broken."""
        broken = self._controls.broken
        self._lost = self._lost if broken else 0
        with self._engine.begin() as connection:
            jobs = self._framework.queue.jobs_layout
            waiting = select(jobs.queue).where(jobs.is_pending(_now()))
            queues = connection.execute(waiting).scalars().all()
            self._hurries = broken or len(queues) > MOST_PENDING
            names = self._outage(queues) if broken else self._ordinary(queues)
            for name in names:
                self._order += 1
                connection.execute(insert(jobs.table), self._new_job(name))

    def _outage(self, queues: Sequence[str]) -> Sequence[str]:
        remaining = OUTAGE_JOBS - self._lost - queues.count("netsuite")
        return ["netsuite"] * min(2, remaining)

    def _ordinary(self, queues: Sequence[str]) -> Sequence[str]:
        if len(queues) >= MOST_PENDING or self._random.random() >= 0.6:
            return []
        return [self._random.choice(("netsuite", "netsuite", "mail", "shipping"))]

    def _new_job(self, name: str) -> dict[str, object]:
        now = unix(_now())
        task = Task(name, self._order, self._random.choice((12097, 12044, 12101)))
        return self._framework.new_job(name, self._framework.payload(task, now), now)

    def _work(self) -> None:
        """Reserve the oldest available job, wait, then remove it or let it fail."""
        with self._engine.begin() as connection:
            job = self._framework.reserve(connection, _now())
        if job is None:
            return
        self._at = job["id"]
        if not self._is_lost(job) and self._spend(STEP_SECONDS / 3):
            return
        exception = self._framework.refusal(job, unix(_now()))
        cause = None if exception else self._cause(job)
        if cause is not None:
            exception = self._framework.exceptions[cause]
            if cause not in _FINAL and self._released(job):
                return
        if self._ended(job, exception):
            self._done += 1
            self._failed += exception is not None
            self._lost += cause is Cause.NETSUITE_DOWN

    def _released(self, job: RowMapping) -> bool:
        """Release the job for its next attempt; return False if this was the last attempt."""
        values = self._framework.next_attempt(job, unix(_now()))
        if values is None:
            return False
        with self._engine.begin() as connection:
            if self._framework.end(connection, job):
                connection.execute(insert(self._framework.queue.jobs), values)
        return True

    def _ended(self, job: RowMapping, exception: str | None) -> bool:
        """Remove the job; a failed job enters the table of failed jobs."""
        self._failing.pop(self._order_of(job), None)
        with self._engine.begin() as connection:
            if not self._framework.end(connection, job):
                return False
            if exception is not None:
                at = _now().replace(microsecond=0)
                row = self._framework.failed_job(job["queue"], job["payload"], exception, at)
                connection.execute(insert(self._framework.queue.failed), row)
        return True

    def _order_of(self, job: RowMapping) -> tuple[str, str]:
        """Return what identifies a job in each attempt: its queue and its order."""
        return job["queue"], str(self._framework.queue.identify(job["payload"]).order_id)

    def _is_lost(self, job: RowMapping) -> bool:
        return self._controls.broken and job["queue"] == "netsuite"

    def _cause(self, job: RowMapping) -> Cause | None:
        """Return why the job fails, or None; a job that failed before fails less often.

        A job that failed keeps failing until its attempts are used up.
        """
        if self._is_lost(job):
            return Cause.NETSUITE_DOWN
        order = self._order_of(job)
        if order in self._failing:
            return self._failing[order]
        controls = self._controls
        is_repeat = order in self._failed_once
        rate = controls.failure_rate**2 if is_repeat else controls.failure_rate
        is_early = self._failed or self._failing or self._done + 1 < FIRST_FAILURE
        first = not is_early and not is_repeat
        if not first and self._random.random() >= rate:
            return None
        self._failed_once.add(order)
        cause = self._random.choice(_CAUSES.get(job["queue"], (Cause.TIMEOUT,)))
        self._failing[order] = cause
        return cause


def _now() -> datetime:
    """Return the current time as naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)
