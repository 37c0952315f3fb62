"""The layout of CodeIgniter Queue: `queue_jobs` and `queue_jobs_failed`.

A job has a status: 0 pending, 1 reserved, 2 done. A worker deletes a finished job, or keeps the row
as done. No column has the time of a reservation, so the bot records when it first saw each
reservation. `attempts` counts the failed attempts, and all times are unix seconds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Update,
    and_,
    case,
    false,
    func,
    literal,
    null,
    select,
    type_coerce,
    update,
)

from bot.database.column_types import UnixWall
from bot.database.transactions import bounded
from bot.fingerprint.payload import value_at
from bot.queue.layouts.layout import Layout
from bot.queue.layouts.moments import Moment, encode_moment
from bot.queue.layouts.origins import OriginTable
from bot.queue.layouts.reservations import Reservation, reservations
from bot.queue.layouts.rows_table import rows_table
from bot.queue.layouts.tables import JobsTable

QUEUE_JOBS, QUEUE_JOBS_FAILED = "queue_jobs", "queue_jobs_failed"
"""The names of the tables, which an application may change by a prefix."""
PENDING, RESERVED = 0, 1
"""The statuses of unfinished jobs; a finished job has the status 2."""
MOST_RESERVED = 1_000
"""How many reserved jobs of one queue the bot records."""


def codeigniter_tables(jobs: str, failed_jobs: str, schema: str | None) -> tuple[Table, Table]:
    """Return the columns of both migrations of the package."""
    metadata = MetaData()
    return (
        rows_table(
            jobs,
            metadata,
            schema,
            Column("queue", String(64), nullable=False),
            Column("payload", Text, nullable=False),
            Column("priority", String(64), nullable=False, server_default="default"),
            Column("status", SmallInteger, nullable=False, server_default="0"),
            Column("attempts", SmallInteger, nullable=False, server_default="0"),
            Column("available_at", Integer, nullable=False),
            Column("created_at", Integer, nullable=False),
        ),
        rows_table(
            failed_jobs,
            metadata,
            schema,
            Column("connection", String(64), nullable=False),
            Column("queue", String(64), nullable=False),
            Column("payload", Text, nullable=False),
            Column("priority", String(64), nullable=False, server_default="default"),
            Column("exception", Text, nullable=False),
            Column("failed_at", Integer, nullable=False),
        ),
    )


@dataclass(frozen=True, slots=True)
class CodeIgniterJobs(JobsTable):
    """`queue_jobs`, in which a reserved job has no time of its reservation."""

    @property
    def status(self) -> Column[int]:
        """The job's status."""
        return self.table.c.status

    @property
    def max_attempts(self) -> ColumnElement[Any]:
        """NULL, because only the application's code has this number."""
        return null()

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The names of further columns that the details show."""
        return ("priority",)

    @property
    def _seen_at(self) -> ColumnElement[Any]:
        """When the bot first saw the job's reservation; NULL before the first check."""
        c = reservations.c
        same = and_(
            c.job_id == self.id, c.attempts == self.attempts, c.created_at == self.created_at
        )
        return select(c.seen_at).where(same).scalar_subquery()

    def is_unfinished(self) -> ColumnElement[bool]:
        """Whether the job is pending or reserved, and not done."""
        return self.status.in_((PENDING, RESERVED))

    def unfinished_in(
        self, connection: Connection, name: str, seconds: float
    ) -> ColumnElement[bool]:
        """Return the condition for a queue's unfinished jobs, for an index; raises `TooSlow`.

        The index of the workers has the priority before the status. Without the priorities, the
        server would read all done jobs of the queue.
        """
        priorities = list(self._priorities(connection, name, seconds))
        in_queue = and_(self.is_in_queue(name), self.column("priority").in_(priorities))
        return and_(in_queue, self.is_unfinished())

    def is_claimed(self) -> ColumnElement[bool]:
        """Whether a worker has the job or has finished it."""
        return self.status != PENDING

    def is_pending(self, now: Moment) -> ColumnElement[bool]:  # noqa: ARG002 for other layouts
        """Whether no worker has the job."""
        return self.status == PENDING

    def is_reserved(self, now: Moment) -> ColumnElement[bool]:  # noqa: ARG002 as above
        """Whether a worker has the job."""
        return self.status == RESERVED

    def is_reserved_for(self, seconds: int, now: datetime) -> ColumnElement[bool]:
        """Whether the bot first saw the job's reservation at least `seconds` ago."""
        return and_(self.status == RESERVED, self._seen_at <= encode_moment(now) - seconds)

    def is_delayed(self, now: Moment) -> ColumnElement[bool]:
        """Whether no worker has the job and its `available_at` is in the future."""
        return and_(self.status == PENDING, self.available_at > encode_moment(now))

    def is_untouched(self) -> ColumnElement[bool]:
        """Whether no worker has the job and no attempt has failed."""
        return and_(self.status == PENDING, self.attempts == 0)

    def reserved_since(self, now: datetime) -> ColumnElement[Any]:
        """The time when the bot first saw the reservation, at the latest `now`."""
        seen_at = func.coalesce(self._seen_at, encode_moment(now))
        return case((self.status == RESERVED, seen_at))

    def work_order(self) -> tuple[ColumnElement[Any], ...]:
        """The order of workers within a priority. Only the application knows the priorities."""
        return (self.available_at, self.id)

    def reservation_order(self) -> tuple[ColumnElement[Any], ...]:
        """The order of reserved jobs, the job that the bot saw first."""
        return (self._seen_at, self.id)

    def derived_values(self, now: datetime) -> Mapping[str, ColumnElement[Any]]:
        """The values that the archive has in addition to the columns."""
        return {"reserved_at": self.reserved_since(now)}

    def release(self, job_id: int, reserved_at: int, attempts: int | None) -> Update:  # noqa: ARG002 for other layouts
        """Make a job pending again if it is still reserved with the same attempts."""
        same = (self.id == job_id, self.status == RESERVED, self.attempts == attempts)
        return update(self.table).where(*same).values(status=PENDING)

    def reserved_jobs(self, connection: Connection, name: str, seconds: float) -> list[Reservation]:
        """Return the reserved jobs of a queue by the index that workers use; raises `TooSlow`."""
        which = and_(self.unfinished_in(connection, name, seconds), self.status == RESERVED)
        query = select(self.id, self.attempts, self.created_at).where(which).limit(MOST_RESERVED)
        return [Reservation(*row) for row in bounded(connection, query, seconds)]

    def _priorities(self, connection: Connection, name: str, seconds: float) -> Iterator[str]:
        """Yield the priorities of a queue; each takes one look-up in the index."""
        priority = self.column("priority")
        first = select(func.min(priority)).where(self.is_in_queue(name))
        value = bounded(connection, first, seconds).scalar()
        while value is not None:
            yield value
            value = bounded(connection, first.where(priority > value), seconds).scalar()


@dataclass(frozen=True, slots=True)
class CodeIgniterFailed(OriginTable):
    """`queue_jobs_failed`, which has the failed jobs of every handler of the application."""

    zone: ZoneInfo

    @property
    def retried_columns(self) -> tuple[str, ...]:
        """The names of the columns that both tables have, and that a retry copies."""
        return ("queue", "payload", "priority")

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The names of further columns that the details show."""
        return ("priority",)

    @property
    def archived_columns(self) -> tuple[str, ...]:
        """The names of all columns, except the id, that the archive keeps under the same name.

        The archive's `failed_at` is a wall clock time; it keeps the unix seconds in `extra`.
        """
        names = super(CodeIgniterFailed, self).archived_columns
        return tuple(name for name in names if name != "failed_at")

    @property
    def failed_at(self) -> ColumnElement[Any]:
        """The time when the job failed; the driver converts unix seconds to the wall clock."""
        return type_coerce(self.table.c.failed_at, UnixWall(self.zone)).label("failed_at")

    def failed_at_is(self, wall_clock: ColumnElement[datetime]) -> ColumnElement[bool]:  # noqa: ARG002 for other layouts
        """False, because the server cannot convert unix seconds to the wall clock of any zone."""
        return false()

    def new_state(
        self, now: ColumnElement[int], available_at: ColumnElement[int]
    ) -> Mapping[str, ColumnElement[Any]]:
        """The values of the columns that a retry does not copy, by name; times are unix seconds."""
        return {
            "status": literal(PENDING),
            "attempts": literal(0),
            "available_at": available_at,
            "created_at": now,
        }


def facts(payload_head: str) -> dict[str, str]:
    """Return the number of jobs that follow in the job's chain."""
    chained = value_at(payload_head, "metadata.chainedJobs")
    return {"chained": str(len(chained))} if isinstance(chained, list) and chained else {}


def codeigniter_queue(connections: Sequence[str], zone: ZoneInfo) -> Layout:
    """Return the layout for the handlers with these names and for wall clocks of this zone."""
    return Layout(
        name="codeigniter_queue",
        tables=codeigniter_tables,
        jobs=CodeIgniterJobs,
        failed=partial(CodeIgniterFailed, connections=tuple(connections), zone=zone),
        has_reservation_times=False,
        facts=facts,
    )
