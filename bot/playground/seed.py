"""The initial rows of the playground's queue, with recent times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert

from bot.playground.frameworks.framework import Cause, Framework, Task
from bot.wall_clock import unix


@dataclass(frozen=True, slots=True)
class _Failed:
    id: int
    queue: str
    order: int
    cause: Cause
    minutes_ago: int
    store: int = 12097
    is_elsewhere: bool = False

    @property
    def task(self) -> Task:
        """The work of the job."""
        return Task(self.queue, self.order, self.store)


FAILED: Sequence[_Failed] = (
    _Failed(38, "shipping", 803102, Cause.TIMEOUT, 60 * 26, 12044, is_elsewhere=True),
    _Failed(39, "shipping", 803118, Cause.TIMEOUT, 60 * 25, 12044),
    _Failed(40, "netsuite", 803131, Cause.RATE_LIMIT, 60 * 9),
    _Failed(41, "netsuite", 803134, Cause.RATE_LIMIT, 60 * 9 - 1, 12044),
    _Failed(42, "netsuite", 803140, Cause.RATE_LIMIT, 60 * 9 - 1, 12044),
    _Failed(43, "netsuite", 803181, Cause.DUPLICATE, 60 * 3),
    _Failed(44, "mail", 803188, Cause.MAILBOX_FULL, 95, 12044),
    _Failed(45, "netsuite", 803193, Cause.GONE_AWAY, 34),
    _Failed(46, "netsuite", 803196, Cause.GONE_AWAY, 31),
)
"""The initial failed jobs; jobs 45 and 46 have the orders of the API specification.

Where a framework has several connections, the job that `is_elsewhere` came from another one.
"""


def seed(engine: Engine, framework: Framework) -> None:
    """Create the framework's tables; insert the initial rows into empty tables."""
    queue = framework.queue
    queue.jobs.metadata.create_all(engine)
    queue.failed.metadata.create_all(engine)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    with engine.begin() as connection:
        if connection.execute(queue.failed.select().limit(1)).first() is not None:
            return
        failed = [_failed_row(framework, row, now) for row in FAILED]
        connection.execute(insert(queue.failed), failed)
        for row in _job_rows(framework, unix(now)):
            connection.execute(insert(queue.jobs), row)


def _failed_row(framework: Framework, row: _Failed, now: datetime) -> dict[str, Any]:
    failed_at = now - timedelta(minutes=row.minutes_ago)
    payload = framework.payload(row.task, unix(failed_at))
    exception = framework.exceptions[row.cause]
    values = framework.failed_job(row.queue, payload, exception, failed_at)
    return {"id": row.id, **values, **(framework.elsewhere() if row.is_elsewhere else {})}


def _job_rows(framework: Framework, now: int) -> list[dict[str, Any]]:
    """Return available jobs, a delayed job, and one that a dead worker reserved 14 minutes ago."""

    def job(id_: int, queue: str, order: int, created_at: int) -> dict[str, Any]:
        payload = framework.payload(Task(queue, order), created_at)
        return {"id": id_, **framework.new_job(queue, payload, created_at)}

    stuck = job(119, "netsuite", 803170, now - 900) | framework.reservation(1, now - 840)
    waiting = [
        job(121 + number, name, 803200 + number, now - 40 + 5 * number)
        for number, name in enumerate(["netsuite", "mail", "netsuite", "shipping", "netsuite"])
    ]
    delayed = job(126, "mail", 803207, now - 30) | {"available_at": now + 3_600}
    return [stuck, *waiting, delayed]
