"""A small simulated worker: it takes pending jobs, mostly well, and orders keep coming."""

import random
import threading
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import OperationalError

from bot.playground.seed import GONE_AWAY, RATE_LIMIT, TIMEOUT, payload
from bot.queue.layouts import Queue
from bot.queue.reads import unix

STEP_SECONDS = 1.5
FIRST_FAILURE = 4
"""The worker's fourth job fails, so that an alert arrives while somebody watches."""
FAILURE_RATE = 0.06
MOST_PENDING = 8

_ERRORS = {"netsuite": (GONE_AWAY, RATE_LIMIT), "mail": (GONE_AWAY,), "shipping": (TIMEOUT,)}


class Worker:
    """Works in a thread of its own until it is stopped; `seed` makes it repeatable."""

    def __init__(self, engine: Engine, queue: Queue, seed: int = 7) -> None:
        self._engine = engine.execution_options(changes=True)
        self._queue = queue
        self._random = random.Random(seed)  # noqa: S311 a simulation
        self._stop = threading.Event()
        self._done = 0
        self._order = 803_210
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """End after the job at hand."""
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stop.wait(STEP_SECONDS):
            try:
                self._arrive()
                self._work()
            except OperationalError:
                # SQLite was busy longer than its time-out: a worker simply comes again.
                continue

    def _arrive(self) -> None:
        """A new order's job now and then, while the queue is short."""
        with self._engine.begin() as connection:
            c = self._queue.jobs.c
            waiting = select(func.count()).where(c.reserved_at.is_(None))
            if connection.execute(waiting).scalar_one() >= MOST_PENDING:
                return
            if self._random.random() < 0.6:
                self._order += 1
                name = self._random.choice(("netsuite", "netsuite", "mail", "shipping"))
                connection.execute(insert(self._queue.jobs).values(self._new_job(name)))

    def _new_job(self, name: str) -> dict[str, object]:
        now = unix(datetime.now(UTC).replace(tzinfo=None))
        body = payload(name, self._order, self._random.choice((12097, 12044, 12101)))
        times = {"available_at": now, "created_at": now}
        return {"queue": name, "payload": body, "attempts": 0, "max_attempts": 3, **times}

    def _work(self) -> None:
        """Take the oldest eligible job, wait as if it were at work, then end it well or not."""
        with self._engine.begin() as connection:
            job = self._take(connection)
        if job is None or self._stop.wait(STEP_SECONDS / 3):
            return
        self._done += 1
        fails = self._done == FIRST_FAILURE or self._random.random() < FAILURE_RATE
        with self._engine.begin() as connection:
            jobs = self._queue.jobs
            ended = connection.execute(delete(jobs).where(jobs.c.id == job["id"]))
            if fails and ended.rowcount == 1:
                self._fail(connection, job)

    def _take(self, connection: Connection) -> RowMapping | None:
        jobs = self._queue.jobs
        now = unix(datetime.now(UTC).replace(tzinfo=None))
        eligible = select(jobs).where(jobs.c.reserved_at.is_(None), jobs.c.available_at <= now)
        job = connection.execute(eligible.order_by(jobs.c.id).limit(1)).mappings().first()
        if job is not None:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job["id"])
                .values(reserved_at=now, attempts=jobs.c.attempts + 1)
            )
        return job

    def _fail(self, connection: Connection, job: RowMapping) -> None:
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        error = self._random.choice(_ERRORS.get(job["queue"], (GONE_AWAY,)))
        connection.execute(
            insert(self._queue.failed).values(
                queue=job["queue"], payload=job["payload"], exception=error, failed_at=now
            )
        )
