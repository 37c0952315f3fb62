"""The layout of the specification: every column name of `jobs` and `failed_jobs` is in this file.

Times of `jobs` are unix seconds. `failed_at` is wall clock time in the queue's time zone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    Insert,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    SmallInteger,
    String,
    Table,
    Update,
    and_,
    case,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from bot import wall_clock
from bot.database.column_types import Long, RowId, WallSeconds
from bot.database.dialects import as_bytes, sha256, stored_bytes, utf8mb4

MAX_ATTEMPTS = 3
"""The `max_attempts` of a retried job, 3 in the spec."""

TEXTS = ("queue", "payload", "exception")
NUMBERS = ("id", "attempts", "max_attempts", "reserved_at", "available_at", "created_at")
TIMES = ("failed_at",)
"""The columns by type: text, whole numbers and times."""

_FAILED = ("queue", "payload", "exception", "failed_at")
_STATE = ("attempts", "max_attempts", "reserved_at", "available_at", "created_at")
_JOB = ("queue", "payload", *_STATE)

CHARSET = "charset"
"""The key of the character set in the `info` of a table's column, as `fitted` reads it."""

ARCHIVED = (*_FAILED, *_STATE)
"""The columns of both tables that an archive keeps; the archive uses the names of the columns."""


def spec_tables(
    jobs: str = "jobs", failed_jobs: str = "failed_jobs", schema: str | None = None
) -> tuple[Table, Table]:
    """Return the spec's tables with the spec's indexes: PRIMARY(id) on both, and jobs(queue).

    `schema` is their database, if the bot's own tables are in another one.
    """
    metadata = MetaData()
    options: dict[str, Any] = {
        "schema": schema,
        "mysql_engine": "InnoDB",
        "mysql_charset": "utf8mb4",
        "sqlite_autoincrement": True,
    }
    return (
        Table(
            jobs,
            metadata,
            Column("id", RowId, primary_key=True, autoincrement=True),
            Column("queue", String(191), nullable=False, index=True),
            Column("payload", Long, nullable=False),
            Column("attempts", SmallInteger, nullable=False, server_default="0"),
            Column("max_attempts", SmallInteger, nullable=False, server_default=str(MAX_ATTEMPTS)),
            Column("reserved_at", Integer),
            Column("available_at", Integer, nullable=False),
            Column("created_at", Integer, nullable=False),
            **options,
        ),
        Table(
            failed_jobs,
            metadata,
            Column("id", RowId, primary_key=True, autoincrement=True),
            Column("queue", String(191), nullable=False),
            Column("payload", Long, nullable=False),
            Column("exception", Long, nullable=False),
            Column("failed_at", WallSeconds, nullable=False),
            **options,
        ),
    )


def encode_moment(utc: datetime) -> int:
    """Return a naive UTC moment in unix seconds, as the columns of `jobs` store it."""
    return wall_clock.unix(utc)


def decode_moment(stored: int) -> datetime:
    """Return a moment of `jobs` as naive UTC."""
    return wall_clock.utc_of_unix(stored)


def encode_failed_at(utc: datetime, zone: ZoneInfo) -> datetime:
    """Return a naive UTC moment as wall clock time of the zone, as `failed_at` stores it."""
    return wall_clock.from_utc(utc, zone)


def decode_failed_at(stored: datetime, zone: ZoneInfo) -> datetime:
    """Return a `failed_at` as naive UTC, or unchanged if the result is outside the calendar.

    A row may hold any time that the server accepts.
    """
    try:
        return wall_clock.to_utc(stored, zone)
    except OverflowError:
        return stored


def _text(column: Column[Any]) -> ColumnElement[Any]:
    # A conversion costs 0.6 to 1 µs a row, even if no character must be converted.
    return column if column.info.get(CHARSET) == "utf8mb4" else utf8mb4(column)


def _digest(*parts: ColumnElement[Any]) -> ColumnElement[str]:
    # The texts are read as bytes, because a server refuses to concatenate latin1 and utf8mb4. The
    # character set of a column may change to either while the bot runs.
    texts = (
        as_bytes(_text(part))
        if isinstance(part, Column) and isinstance(part.type, String)
        else stored_bytes(part)
        for part in parts
    )
    return func.substr(sha256(func.concat_ws("|", *texts)), 1, 32)


def _content(payload: Column[Any]) -> ColumnElement[str]:
    # The payload is hashed first: a text longer than max_allowed_packet would make the row's digest
    # NULL.
    return sha256(payload if isinstance(payload.type, LargeBinary) else _text(payload))


def failed_digest(failed: Table) -> ColumnElement[str]:
    """The row digest of a failed job, 32 hex digits, computed in the server.

    A server reuses ids after TRUNCATE, and some servers reuse ids after a restart. The digest
    distinguishes two rows with the same id.
    """
    c = failed.c
    return _digest(c.id, c.queue, _content(c.payload), c.failed_at)


def job_digest(jobs: Table) -> ColumnElement[str]:
    """The row digest of a job, 32 hex digits, computed in the server."""
    c = jobs.c
    return _digest(c.id, c.queue, _content(c.payload), c.created_at)


def payload_digest(table: Table) -> ColumnElement[str]:
    """The digest of a row's payload, 32 hex digits, computed in the server; empty for NULL."""
    return func.coalesce(func.substr(_content(table.c.payload), 1, 32), "")


def content_digest(table: Table) -> ColumnElement[str]:
    """The digest of the content that a retry copies from a failed job, 32 hex digits."""
    return _digest(table.c.queue, _content(table.c.payload))


@dataclass(frozen=True, slots=True)
class QueueTable:
    """The columns that both tables have; a selection gives each column its attribute's name."""

    table: Table

    @property
    def id(self) -> Column[Any]:
        """The row's id, which grows with each insert."""
        return self.table.c.id

    @property
    def queue(self) -> Column[str]:
        """The queue's name."""
        return self.table.c.queue

    def is_in_queue(self, name: str) -> ColumnElement[bool]:
        """Whether the row is in this queue.

        A server refuses to compare a column with a text whose characters are not in the column's
        character set.
        """
        if self.queue.info.get(CHARSET) in (None, "utf8mb4") or name.isascii():
            return self.queue == name
        return utf8mb4(self.queue) == name

    @property
    def payload(self) -> Column[str]:
        """The job's payload, which may be megabytes."""
        return self.table.c.payload

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns of the layout."""
        return tuple(column.name for column in self.table.columns)

    def column(self, name: str) -> Column[Any]:
        """Return the column with this name."""
        return self.table.c[name]

    def payload_head(self, characters: int) -> ColumnElement[str]:
        """The first characters of the payload."""
        return func.coalesce(utf8mb4(func.substr(self.payload, 1, characters)), "")


@dataclass(frozen=True, slots=True)
class JobsTable(QueueTable):
    """The columns of `jobs` and the states of a job as conditions."""

    @property
    def restored_columns(self) -> tuple[str, ...]:
        """The names of all columns except the id; an archive uses the same names."""
        return _JOB

    @property
    def attempts(self) -> Column[int]:
        """How often a worker took the job."""
        return self.table.c.attempts

    @property
    def max_attempts(self) -> Column[int]:
        """How often a worker may take the job."""
        return self.table.c.max_attempts

    @property
    def reserved_at(self) -> Column[int]:
        """When a worker reserved the job, in unix seconds; NULL while no worker has it."""
        return self.table.c.reserved_at

    @property
    def available_at(self) -> Column[int]:
        """From when a worker may take the job, in unix seconds."""
        return self.table.c.available_at

    @property
    def created_at(self) -> Column[int]:
        """When the job was created, in unix seconds."""
        return self.table.c.created_at

    def is_pending(self) -> ColumnElement[bool]:
        """Whether no worker has the job."""
        return self.reserved_at.is_(None)

    def is_reserved(self) -> ColumnElement[bool]:
        """Whether a worker has the job."""
        return self.reserved_at.is_not(None)

    def is_reserved_for(self, seconds: int, now: datetime) -> ColumnElement[bool]:
        """Whether a worker has had the job for at least this time."""
        return self.reserved_at <= encode_moment(now) - seconds

    def is_available(self, now: datetime) -> ColumnElement[bool]:
        """Whether a worker may take the job."""
        return and_(self.is_pending(), self.available_at <= encode_moment(now))

    def is_delayed(self, now: datetime) -> ColumnElement[bool]:
        """Whether no worker has the job, and no worker may take the job yet."""
        return and_(self.is_pending(), self.available_at > encode_moment(now))

    def is_untouched(self) -> ColumnElement[bool]:
        """Whether no worker has the job, and no worker ever had the job."""
        return and_(self.is_pending(), self.attempts == 0)

    def available_since(self) -> ColumnElement[int]:
        """When the job became available, in unix seconds; never earlier than its creation."""
        earliest = self.available_at > self.created_at
        return case((earliest, self.available_at), else_=self.created_at)

    def work_order(self) -> tuple[ColumnElement[Any], ...]:
        """The order in which workers take available jobs."""
        return (self.id,)

    def reservation_order(self) -> tuple[ColumnElement[Any], ...]:
        """The order of reserved jobs, the longest reserved first."""
        return (self.reserved_at, self.id)

    def selection(self, payload_characters: int) -> tuple[ColumnElement[Any], ...]:
        """The columns of a `JobRow`, in the order of its fields."""
        return (
            self.id,
            self.queue,
            self.attempts,
            self.max_attempts,
            self.reserved_at,
            self.available_at,
            self.created_at,
            self.payload_head(payload_characters).label("payload"),
            job_digest(self.table).label("digest"),
        )

    def insert_retried(self, rows: Select[Any]) -> Insert:
        """Insert the rows that `FailedJobsTable.as_jobs` selects."""
        return insert(self.table).from_select(_JOB, rows)

    def release(self, job_id: int, reserved_at: int) -> Update:
        """Make a job pending again if it is still reserved since `reserved_at`."""
        job = update(self.table).where(self.id == job_id, self.reserved_at == reserved_at)
        return job.values(reserved_at=None)


@dataclass(frozen=True, slots=True)
class FailedJobsTable(QueueTable):
    """The columns of `failed_jobs`."""

    @property
    def restored_columns(self) -> tuple[str, ...]:
        """The names of all columns except the id; an archive uses the same names."""
        return _FAILED

    @property
    def retried_columns(self) -> tuple[str, ...]:
        """The names of the columns that `as_jobs` copies; both tables have them."""
        return ("queue", "payload")

    @property
    def exception(self) -> Column[str]:
        """The error's whole text."""
        return self.table.c.exception

    @property
    def failed_at(self) -> Column[datetime]:
        """When the job failed, as `encode_failed_at` stores it."""
        return self.table.c.failed_at

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

    def as_jobs(self, now: datetime, available_at: ColumnElement[int] | None = None) -> Select[Any]:
        """Select failed jobs as new rows of `jobs`, as if each job was created at `now`.

        Workers may take the new jobs at once, or from `available_at` (unix seconds).
        """
        at = encode_moment(now)
        values: tuple[ColumnElement[Any], ...] = (
            self.queue,
            self.payload,
            literal(0),
            literal(MAX_ATTEMPTS),
            null(),
            literal(at) if available_at is None else available_at,
            literal(at),
        )
        return select(*values)
