"""What the playground needs of a framework: its tables, its rows and the behaviour of its worker.

The class is the application of the specification. Another framework is a subclass in its own file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update

from bot.queue.layouts import Queue
from bot.wall_clock import unix

Values = dict[str, Any]


class Cause(Enum):
    """The causes of failures in the playground; each framework has an exception for each cause."""

    GONE_AWAY = auto()
    NETSUITE_DOWN = auto()
    RATE_LIMIT = auto()
    TIMEOUT = auto()
    DUPLICATE = auto()
    LOCK_WAIT = auto()
    MAILBOX_FULL = auto()


JOB_CLASSES: Mapping[str, str] = {
    "netsuite": "App\\Jobs\\NetsuiteSyncJob",
    "mail": "App\\Jobs\\OrderMailJob",
    "shipping": "App\\Jobs\\ShippingLabelJob",
}
"""The job class of each queue."""


@dataclass(frozen=True, slots=True)
class Task:
    """The work of one job: an order of a store, in one of the queues."""

    queue: str
    order: int
    store: int = 12097

    @property
    def data(self) -> Values:
        """The job's data, with a secret that shows how the bot masks secrets."""
        return {
            "order_id": self.order,
            "tienda_id": self.store,
            "email": f"cliente{self.order % 97}@tienda.example",
            "netsuite_token": f"nst_{self.order:x}{self.store:x}",
        }


@dataclass(frozen=True)
class Framework:
    """The tables of the specification, the rows that the application writes, and its worker.

    `exceptions` are the texts that the worker stores in `failed_jobs`. `payload` returns a new
    job's payload from the time of its creation. `settings` are settings of the bot that differ from
    the playground's usual settings. Times are unix seconds or naive UTC.
    """

    name: str
    queue: Queue
    exceptions: Mapping[Cause, str]
    payload: Callable[[Task, int], str]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def new_job(self, queue: str, payload: str, now: int) -> Values:
        """Return the row of a new job."""
        times = {"available_at": now, "created_at": now}
        return {"queue": queue, "payload": payload, "attempts": 0, "max_attempts": 3, **times}

    def reservation(self, attempts: int, now: int) -> Values:
        """Return the columns that the worker sets when it takes a job for the n-th time."""
        return {"attempts": attempts, "reserved_at": now}

    def failed_job(self, queue: str, payload: str, exception: str, failed_at: datetime) -> Values:
        """Return the row of a failed job."""
        return {
            "queue": queue,
            "payload": payload,
            "exception": exception,
            "failed_at": failed_at,
        }

    def elsewhere(self) -> Values:
        """Return the columns of a failed job that came from another queue, such as Redis."""
        return {}

    # ---- the worker

    def reserve(self, connection: Connection, now: datetime) -> RowMapping | None:
        """Reserve the next available job; return its row, or None if no job is available."""
        layout = self.queue.jobs_layout
        available = select(layout.table).where(layout.is_available(now))
        first = available.order_by(*layout.work_order()).limit(1)
        job = connection.execute(first).mappings().first()
        if job is None:
            return None
        values = self.reservation(job["attempts"] + 1, unix(now))
        this_job = layout.id == job["id"]
        connection.execute(update(layout.table).where(this_job).values(values))
        return connection.execute(select(layout.table).where(this_job)).mappings().one()

    def refusal(self, job: RowMapping, now: int) -> str | None:  # noqa: ARG002 for other frameworks
        """Return the exception of a job that the worker fails without running it, or None."""
        return None

    def end(self, connection: Connection, job: RowMapping) -> bool:
        """Remove a job that has ended; return False if the job was removed already."""
        layout = self.queue.jobs_layout
        ended = connection.execute(delete(layout.table).where(layout.id == job["id"]))
        return ended.rowcount == 1

    def next_attempt(self, job: RowMapping, now: int) -> Values | None:  # noqa: ARG002 as above
        """Return the row that replaces a job after a failed attempt; None after the last one."""
        return None
