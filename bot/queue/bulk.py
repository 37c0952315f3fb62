"""Retry and delete many failed jobs: one small batch at a time, in the caller's transaction.

The ids of a batch are in a table of the caller, so the rows move inside the server. MariaDB 10.11
scans the whole table for DELETE … WHERE id IN (SELECT …), so servers run a joined DELETE. SQLite
has no joined DELETE and does not need one.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, and_, delete, func, literal, select

from bot.database.dialects import first_inserted_id, is_sqlite, joined_delete, limit_delete
from bot.models.payload_edits import EditKind, edit_kinds
from bot.queue.copies import check_fits, check_same_rows, read_rules, refusing_rows
from bot.queue.layouts import Queue
from bot.queue.layouts.moments import encode_moment
from bot.queue.layouts.tables import FailedJobsTable
from bot.queue.moves import exactly


@dataclass(frozen=True)
class LockedBatch:
    """The locked failed jobs of one batch; `rows` is their number.

    The column `ids` has the ids of the failed jobs, in the rows that match `batch`. `lowest` and
    `highest` are the first and the last id.
    """

    ids: ColumnElement[int]
    batch: ColumnElement[bool]
    rows: int
    lowest: int
    highest: int

    @property
    def is_dense(self) -> bool:
        """Whether the ids have no gap, so that no other row can be between the first and the last.

        Reading a range without gaps costs a third less than a look-up of each id.
        """
        return self.highest - self.lowest + 1 == self.rows

    def condition(self, failed: FailedJobsTable) -> ColumnElement[bool]:
        """The condition that picks these rows, for a SELECT or a joined DELETE."""
        # The range is never omitted, because a scan beyond it would wait for other locked rows.
        within = failed.id.between(self.lowest, self.highest)
        return within if self.is_dense else and_(within, failed.id == self.ids, self.batch)


@dataclass(frozen=True)
class RetryRate:
    """How many jobs a minute may start.

    The first job starts at `starts_at` (naive UTC) or up to 1 s later.
    """

    starts_at: datetime
    per_minute: int

    def available_at(self, order: ColumnElement[Any]) -> ColumnElement[int]:
        """The time when each job of a batch may start, in unix seconds; `order` sorts the jobs."""
        before = func.row_number().over(order_by=order) - 1
        first = encode_moment(self.starts_at + timedelta(seconds=1) - timedelta.resolution)
        return literal(first) + before * 60 // self.per_minute

    def last_start(self, rows: int) -> datetime:
        """The time when the last of `rows` jobs may start (naive UTC), rounded up."""
        return self.starts_at + timedelta(seconds=1, minutes=rows / self.per_minute)


@dataclass(frozen=True, slots=True)
class RetriedBatch:
    """The result of a batch: the new jobs, and the number of edited payloads by kind of edit.

    `new_ids` are the lowest and the highest possible id of the new jobs. Other jobs may have ids
    between these two ids.
    """

    new_ids: tuple[int, int]
    edits: Mapping[EditKind, int]


def retry_batch(
    connection: Connection,
    queue: Queue,
    locked: LockedBatch,
    now: datetime,
    pace: RetryRate | None = None,
) -> RetriedBatch:
    """Move all failed jobs of the batch back to `jobs`, or raise `LostRace`.

    Raises `RowTooLong`, `RowWouldChange` or `RowRefused` if a copy would differ from its original.
    """
    failed, jobs = queue.failed_layout, queue.jobs_layout
    order = failed.id if locked.is_dense else locked.ids
    available_at = None if pace is None else pace.available_at(order)
    which = locked.condition(failed)
    rules = read_rules(connection, queue)
    check_fits(connection, queue, rules, which)
    last_start = now if pace is None else pace.last_start(locked.rows)
    edits = failed.payload_edits(connection, which, last_start)
    moving = failed.as_jobs(now, available_at, edits).where(which).order_by(order)
    with refusing_rows(queue, locked.lowest):
        moved = connection.execute(jobs.insert_retried(moving))
    exactly(moved, locked.rows)
    last = connection.execute(select(func.max(jobs.id))).scalar_one()
    new_ids = first_inserted_id(connection, moved, locked.rows), int(last)
    check_same_rows(connection, queue, rules, which, new_ids, edits)
    delete_batch(connection, queue, locked)
    kinds = (edit_kinds(edit.values) for edit in edits.by_id.values())
    return RetriedBatch(new_ids, Counter(chain.from_iterable(kinds)))


def delete_batch(connection: Connection, queue: Queue, locked: LockedBatch) -> None:
    """Delete all failed jobs of the batch, or raise `LostRace`."""
    failed = queue.failed_layout
    deleting: Executable = delete(queue.failed).where(
        failed.id.in_(select(locked.ids).where(locked.batch))
    )
    if locked.is_dense:
        # Without the limit, the DELETE would wait for a lock on the row behind the last row.
        within = locked.condition(failed)
        deleting = limit_delete(delete(queue.failed).where(within), locked.rows)
    elif not is_sqlite(connection):
        # If the server read the range of ids first, it would wait for rows of another batch, which
        # may wait for this batch: a deadlock. After an undo, the ids of batches are mixed.
        deleting = joined_delete(queue.failed, locked.ids.table, locked.condition(failed))
    with refusing_rows(queue, locked.lowest):
        exactly(connection.execute(deleting), locked.rows)
