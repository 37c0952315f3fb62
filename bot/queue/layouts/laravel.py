"""The layout of Laravel's database queue, versions 5.3 to 13.

`jobs` has no `max_attempts`; the payload has the maximum number of attempts. A reservation expires
after `retry_after` seconds. After that, workers may take the job again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    RowMapping,
    SmallInteger,
    String,
    Table,
    Text,
    and_,
    case,
    null,
    or_,
    select,
)

from bot.database.column_types import Long, WallSeconds
from bot.queue.layouts import laravel_payload
from bot.queue.layouts.job_batches import BATCH_SUBJECT, batches_table
from bot.queue.layouts.layout import Layout
from bot.queue.layouts.moments import Moment, encode_moment
from bot.queue.layouts.origins import OriginTable
from bot.queue.layouts.payload_edits import PayloadEdit, PayloadEdits, make_edits
from bot.queue.layouts.rows import JobRow
from bot.queue.layouts.rows_table import rows_table
from bot.queue.layouts.tables import FailedJobsTable, JobsTable


def laravel_tables(jobs: str, failed_jobs: str, schema: str | None) -> tuple[Table, Table]:
    """Return the columns of all versions. Newer versions also have `failed_jobs.uuid`."""
    metadata = MetaData()
    return (
        rows_table(
            jobs,
            metadata,
            schema,
            Column("queue", String(255), nullable=False, index=True),
            Column("payload", Long, nullable=False),
            Column("attempts", SmallInteger, nullable=False),
            Column("reserved_at", Integer),
            Column("available_at", Integer, nullable=False),
            Column("created_at", Integer, nullable=False),
        ),
        rows_table(
            failed_jobs,
            metadata,
            schema,
            Column("connection", Text, nullable=False),
            Column("queue", Text, nullable=False),
            Column("payload", Long, nullable=False),
            Column("exception", Long, nullable=False),
            Column("failed_at", WallSeconds, nullable=False),
        ),
    )


@dataclass(frozen=True, slots=True)
class LaravelJobs(JobsTable):
    """Laravel's `jobs`; a reservation expires after `retry_after` seconds."""

    retry_after: int

    @property
    def max_attempts(self) -> ColumnElement[Any]:
        """NULL, because no column has this number; `row_of` reads the number from the payload."""
        return null()

    def payload_digest(self) -> ColumnElement[str]:
        """The digest of the job's uuid, or of its payload if the payload has no uuid."""
        return laravel_payload.identity(self.table)

    def _is_expired(self, now: Moment) -> ColumnElement[bool]:
        return self.reserved_at <= encode_moment(now) - self.retry_after

    def is_pending(self, now: Moment) -> ColumnElement[bool]:
        """Whether no worker has the job, or the job's reservation has expired."""
        return or_(self.reserved_at.is_(None), self._is_expired(now))

    def is_reserved(self, now: Moment) -> ColumnElement[bool]:
        """Whether a worker has the job and the job's reservation has not expired."""
        return self.reserved_at > encode_moment(now) - self.retry_after

    def is_reserved_for(self, seconds: int, now: datetime) -> ColumnElement[bool]:
        """Whether a worker has had the job for at least `seconds` and the reservation is valid."""
        return and_(self.is_reserved(now), self.reserved_at <= encode_moment(now) - seconds)

    def is_available(self, now: Moment) -> ColumnElement[bool]:
        """Whether a worker may take the job, as `DatabaseQueue::getNextAvailableJob` does."""
        waiting = and_(self.reserved_at.is_(None), self.available_at <= encode_moment(now))
        return or_(waiting, self._is_expired(now))

    def reserved_since(self, now: datetime) -> ColumnElement[Any]:
        """The time when a worker reserved the job; NULL if the reservation has expired."""
        return case((self.is_reserved(now), self.reserved_at))

    def available_since(self) -> ColumnElement[int]:
        """The time when the job became available, or when its reservation expired."""
        expired = (self.reserved_at.is_not(None), self.reserved_at + self.retry_after)
        later = (self.available_at > self.created_at, self.available_at)
        return case(expired, later, else_=self.created_at)

    def row_of(self, row: RowMapping) -> JobRow:
        """Return the row that `selection` selected; read its `max_attempts` from the payload."""
        job = JobRow.of(row)
        return replace(job, max_attempts=laravel_payload.max_tries(job.payload))


@dataclass(frozen=True, slots=True)
class LaravelFailed(OriginTable):
    """Laravel's `failed_jobs`."""

    def payload_digest(self) -> ColumnElement[str]:
        """The digest of the job's uuid, or of its payload if the payload has no uuid."""
        return laravel_payload.identity(self.table)

    def payload_edits(
        self, connection: Connection, which: ColumnElement[bool], starts_at: datetime
    ) -> PayloadEdits:
        """Return the edits of passed deadlines and of attempts in the payloads."""
        rows = select(self.id, self.payload).where(which, laravel_payload.may_change(self.payload))
        at = encode_moment(starts_at)
        edits: dict[int, PayloadEdit] = {}
        for id_, payload in connection.execute(rows):
            # Latin-1 has one character for each byte, so the positions count bytes.
            text = payload.decode("latin-1") if isinstance(payload, bytes) else payload or ""
            edit = laravel_payload.retry_edit(text, at)
            if edit is not None:
                edits[id_] = edit
        return make_edits(connection, edits)

    def new_state(
        self, now: ColumnElement[int], available_at: ColumnElement[int]
    ) -> Mapping[str, ColumnElement[Any]]:
        """The values of the columns that a retry does not copy, by name; times are unix seconds."""
        state = dict(FailedJobsTable.new_state(self, now, available_at))
        del state["max_attempts"]
        return state


def laravel(retry_after: int, connections: Sequence[str]) -> Layout:
    """Return Laravel's layout for these connections of `config/queue.php`."""
    return Layout(
        name="laravel",
        tables=laravel_tables,
        jobs=partial(LaravelJobs, retry_after=retry_after),
        failed=partial(LaravelFailed, connections=tuple(connections)),
        has_long_queue_names=True,
        retry_after=retry_after,
        facts=laravel_payload.facts,
        subjects=(BATCH_SUBJECT,),
        batches=batches_table,
    )
