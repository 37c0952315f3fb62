"""A queue for a test: a framework's tables, the bot's own, and rows that the test inserts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, func, insert, select

from bot.database.engine import connect
from bot.database.time_limits import LOCK_WAIT_SECONDS
from bot.queue.layouts import Queue
from bot.store.migrate import migrate
from bot.store.tables import reservations
from tests.kit.frameworks import SPEC, Framework, payload

__all__ = ["GONE_AWAY", "GRACE", "TestQueue", "make_queue", "payload"]

GRACE = 20
"""Seconds by which the limits of the bot and of the local Slack are longer than in production.

On a busy machine, work of milliseconds takes seconds. A test of the limits themselves passes
`grace=0`.
"""
GONE_AWAY = "NetSuite sync failed: exception - MySQL server has gone away"


@dataclass(frozen=True)
class TestQueue:
    """The two tables of one database, with short methods to fill and read them."""

    __test__ = False

    url: str
    engine: Engine
    queue: Queue
    framework: Framework = field(default=SPEC, kw_only=True)

    def fail(
        self,
        id_: int | None = None,
        *,
        queue: str = "netsuite",
        order: int = 803193,
        exception: str = GONE_AWAY,
        failed_at: datetime = datetime(2025, 11, 7, 17, 45, 59),  # noqa: DTZ001 wall clock
        body: str | None = None,
    ) -> int:
        """Insert a failed job and return its id."""
        row: dict[str, Any] = {
            "queue": queue,
            "payload": self.framework.payload(order) if body is None else body,
            "exception": exception,
            "failed_at": failed_at,
        }
        if id_ is not None:
            row["id"] = id_
        insert_row = self.framework.insert_failed(self.queue.failed, row)
        with self.engine.begin() as connection:
            return int(connection.execute(insert_row).lastrowid)

    def push(
        self,
        id_: int | None = None,
        *,
        queue: str = "netsuite",
        order: int = 803196,
        attempts: int = 0,
        reserved_at: int | None = None,
        available_at: int = 1762537376,
        created_at: int = 1762537376,
        body: str | None = None,
    ) -> int:
        """Insert a job and return its id."""
        row: dict[str, Any] = {
            "queue": queue,
            "payload": self.framework.payload(order) if body is None else body,
            "attempts": attempts,
            **self.framework.reserved(reserved_at),
            "available_at": available_at,
            "created_at": created_at,
        }
        if id_ is not None:
            row["id"] = id_
        with self.engine.begin() as connection:
            job_id = int(connection.execute(insert(self.queue.jobs).values(row)).lastrowid)
            if reserved_at is not None and not self.queue.layout.has_reservation_times:
                # The bot saw the job when the worker reserved it.
                seen = {"job_id": job_id, "attempts": attempts, "created_at": created_at}
                connection.execute(insert(reservations).values(seen_at=reserved_at, **seen))
        return job_id

    @property
    def in_haste(self) -> "TestQueue":
        """Return the same queue with production's time limits of reads and changes.

        It is for tests of those limits. Lock waits keep their longer limit.
        """
        return replace(self, engine=self.engine.execution_options(grace=0.0))

    def rows(self, table: Any) -> Sequence[Any]:
        """Return all rows of a table, by primary key."""
        with self.engine.begin() as connection:
            keys = list(table.primary_key.columns)
            return connection.execute(select(table).order_by(*keys)).all()

    def count(self, table: Any) -> int:
        """Return the number of rows of a table."""
        with self.engine.begin() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    @property
    def jobs(self) -> Sequence[Any]:
        """The rows of `jobs`."""
        return self.rows(self.queue.jobs)

    @property
    def failed(self) -> Sequence[Any]:
        """The rows of `failed_jobs`."""
        return self.rows(self.queue.failed)


def make_queue(url: str, grace: float = GRACE, framework: Framework = SPEC) -> TestQueue:
    """Create a framework's tables and the bot's own in an empty database."""
    path = Path(url.removeprefix("sqlite:///"))
    is_new_file = url.startswith("sqlite:///") and not path.exists()
    if is_new_file:
        path.write_bytes(_new_sqlite_file(framework))
    engine = connect(url, lock_seconds=LOCK_WAIT_SECONDS + grace, grace=grace)
    if not is_new_file:
        _create(engine, framework)
    jobs, failed = framework.layout.tables(*framework.tables, None)
    queue = Queue(jobs, failed, layout=framework.layout)
    return TestQueue(url, engine, queue, framework=framework)


def _create(engine: Engine, framework: Framework) -> None:
    framework.create(engine)
    migrate(engine)


@cache
def _new_sqlite_file(framework: Framework) -> bytes:
    """Return the content of a file with the tables; to create them takes 50 times as long."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "new.sqlite3"
        engine = connect(f"sqlite:///{path}")
        _create(engine, framework)
        # The last connection moves the write-ahead log into the file.
        engine.dispose()
        return path.read_bytes()
