"""The queue's two tables: their columns, and SQL conditions for the states of a job.

These classes use the column names of the spec. A layout with other columns has subclasses of
these classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Insert,
    RowMapping,
    Select,
    Update,
    and_,
    case,
    func,
    insert,
    literal,
    null,
    select,
    true,
    update,
)

from bot.database.dialects import utf8mb4
from bot.queue.layouts.digests import job_digest
from bot.queue.layouts.moments import Moment, encode_moment
from bot.queue.layouts.payload_edits import NO_EDITS, PayloadEdits
from bot.queue.layouts.queue_table import QueueTable
from bot.queue.layouts.reservations import Reservation
from bot.queue.layouts.rows import JobRow

MAX_ATTEMPTS = 3
"""The `max_attempts` of a retried job, 3 in the spec."""


@dataclass(frozen=True, slots=True)
class JobsTable(QueueTable):
    """The columns of `jobs`, and SQL conditions for the states of a job."""

    @property
    def attempts(self) -> Column[int]:
        """How many times a worker took the job."""
        return self.table.c.attempts

    @property
    def max_attempts(self) -> ColumnElement[Any]:
        """How many times a worker may take the job."""
        return self.table.c.max_attempts

    @property
    def reserved_at(self) -> Column[int]:
        """When a worker reserved the job, in unix seconds; NULL if no worker has the job."""
        return self.table.c.reserved_at

    @property
    def available_at(self) -> Column[int]:
        """The time from which a worker may take the job, in unix seconds."""
        return self.table.c.available_at

    @property
    def created_at(self) -> Column[int]:
        """The time when the job was created, in unix seconds."""
        return self.table.c.created_at

    def is_unfinished(self) -> ColumnElement[bool]:
        """Whether the job is pending or reserved. Some layouts keep the rows of finished jobs."""
        return true()

    def unfinished_in(
        self,
        connection: Connection,  # noqa: ARG002 for other layouts
        name: str,
        seconds: float,  # noqa: ARG002 as above
    ) -> ColumnElement[bool]:
        """Return the condition for a queue's unfinished jobs, for an index; raises `TooSlow`."""
        return and_(self.is_in_queue(name), self.is_unfinished())

    def is_claimed(self) -> ColumnElement[bool]:
        """Whether a worker has the job, even if the reservation has expired."""
        return self.reserved_at.is_not(None)

    def is_pending(self, now: Moment) -> ColumnElement[bool]:  # noqa: ARG002 for other layouts
        """Whether no worker has the job."""
        return self.reserved_at.is_(None)

    def is_reserved(self, now: Moment) -> ColumnElement[bool]:  # noqa: ARG002 for other layouts
        """Whether a worker has the job."""
        return self.reserved_at.is_not(None)

    def is_reserved_for(self, seconds: int, now: datetime) -> ColumnElement[bool]:
        """Whether a worker has had the job for at least this time."""
        return self.reserved_at <= encode_moment(now) - seconds

    def is_available(self, now: Moment) -> ColumnElement[bool]:
        """Whether a worker may take the job."""
        return and_(self.is_pending(now), self.available_at <= encode_moment(now))

    def is_delayed(self, now: Moment) -> ColumnElement[bool]:
        """Whether no worker has the job and its `available_at` is in the future."""
        return and_(self.reserved_at.is_(None), self.available_at > encode_moment(now))

    def is_untouched(self) -> ColumnElement[bool]:
        """Whether no worker has or ever had the job."""
        return and_(self.reserved_at.is_(None), self.attempts == 0)

    def reserved_since(self, now: datetime) -> ColumnElement[Any]:  # noqa: ARG002 as above
        """When a worker reserved the job, in unix seconds; NULL if no worker has the job."""
        return self.reserved_at

    def available_since(self) -> ColumnElement[int]:
        """The time when the job became available, in unix seconds, at the earliest its creation."""
        earliest = self.available_at > self.created_at
        return case((earliest, self.available_at), else_=self.created_at)

    def work_order(self) -> tuple[ColumnElement[Any], ...]:
        """The order in which workers take available jobs."""
        return (self.id,)

    def reservation_order(self) -> tuple[ColumnElement[Any], ...]:
        """The order of reserved jobs, the longest reserved first."""
        return (self.reserved_at, self.id)

    def selection(self, payload_characters: int, now: datetime) -> tuple[ColumnElement[Any], ...]:
        """The columns of a `JobRow`, in the order of its fields."""
        return (
            self.id,
            self.queue,
            self.attempts,
            self.max_attempts.label("max_attempts"),
            self.reserved_since(now).label("reserved_at"),
            self.available_at,
            self.created_at,
            self.payload_head(payload_characters).label("payload"),
            job_digest(self.table).label("digest"),
        )

    def row_of(self, row: RowMapping) -> JobRow:
        """Return the row that `selection` selected; the row may have further columns."""
        return JobRow.of(row)

    def insert_retried(self, rows: Select[Any]) -> Insert:
        """Insert the rows that `FailedJobsTable.as_jobs` selects."""
        names = [column.name for column in rows.selected_columns]
        return insert(self.table).from_select(names, rows)

    def release(self, job_id: int, reserved_at: int, attempts: int | None) -> Update:  # noqa: ARG002 for other layouts
        """Make a job pending again if its reservation is still the one of `reserved_at`."""
        job = update(self.table).where(self.id == job_id, self.reserved_at == reserved_at)
        return job.values(reserved_at=None)

    def reserved_jobs(
        self,
        connection: Connection,  # noqa: ARG002 for other layouts
        name: str,  # noqa: ARG002 as above
        seconds: float,  # noqa: ARG002 as above
    ) -> list[Reservation]:
        """Return the reserved jobs of a queue whose times the bot must record; raises `TooSlow`."""
        return []


@dataclass(frozen=True, slots=True)
class FailedJobsTable(QueueTable):
    """The columns of `failed_jobs`."""

    @property
    def retried_columns(self) -> tuple[str, ...]:
        """The names of the columns that `as_jobs` copies; both tables have them."""
        return ("queue", "payload")

    @property
    def exception(self) -> Column[str]:
        """The complete text of the error."""
        return self.table.c.exception

    @property
    def failed_at(self) -> ColumnElement[Any]:
        """The time when the job failed, in the form of `encode_failed_at`."""
        return self.table.c.failed_at

    def failed_at_is(self, wall_clock: ColumnElement[datetime]) -> ColumnElement[bool]:
        """Whether the job failed at this time; false if the server cannot compare the times."""
        return self.failed_at == wall_clock

    def exception_head(self, characters: int) -> ColumnElement[str]:
        """The first characters of the error's text."""
        return func.coalesce(utf8mb4(func.substr(self.exception, 1, characters)), "")

    def text_bytes(self) -> ColumnElement[int]:
        """The size of the payload and the exception in bytes."""
        return func.length(self.payload) + func.length(self.exception)

    def selection(
        self, payload_characters: int, exception_characters: int
    ) -> tuple[ColumnElement[Any], ...]:
        """The columns of a `FailedRow` except the digest, in the order of its fields."""
        return (
            self.id,
            self.queue,
            self.failed_at,
            self.payload_head(payload_characters).label("payload"),
            self.exception_head(exception_characters).label("exception"),
        )

    def is_movable(self) -> ColumnElement[bool] | None:
        """Whether a retry may insert the job into `jobs`; None if every job is movable."""
        return None

    @property
    def origin(self) -> ColumnElement[str]:
        """The source of a job that is not movable, such as the name of its connection."""
        return literal("")

    def payload_edits(
        self,
        connection: Connection,  # noqa: ARG002 for other layouts
        which: ColumnElement[bool],  # noqa: ARG002 as above
        starts_at: datetime,  # noqa: ARG002 as above
    ) -> PayloadEdits:
        """Return the changes that a retry of these jobs makes to their payloads.

        `starts_at` is the time when the last retried job may start.
        """
        return NO_EDITS

    def as_jobs(
        self,
        now: datetime,
        available_at: ColumnElement[int] | None = None,
        edits: PayloadEdits = NO_EDITS,
    ) -> Select[Any]:
        """Select failed jobs as new rows of `jobs`, as if each job was created at `now`.

        Workers may take the new jobs at once, or from the time `available_at` (unix seconds) on.
        """
        at = literal(encode_moment(now))
        state = self.new_state(at, at if available_at is None else available_at)
        copied = {name: self.column(name) for name in self.retried_columns}
        values = {**copied, self.payload.name: edits.applied(self.payload), **state}
        columns = (value.label(name) for name, value in values.items())
        return select(*columns).select_from(edits.source(self.id))

    def new_state(
        self, now: ColumnElement[int], available_at: ColumnElement[int]
    ) -> Mapping[str, ColumnElement[Any]]:
        """The values of the columns that a retry does not copy, by name; times are unix seconds."""
        return {
            "attempts": literal(0),
            "max_attempts": literal(MAX_ATTEMPTS),
            "reserved_at": null(),
            "available_at": available_at,
            "created_at": now,
        }
