"""Read the queue: lists and single rows. Every scan is bounded in rows and time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select

from bot.database.transactions import TooSlow, bounded
from bot.models.job_batches import BATCH, JobBatch
from bot.models.jobs import (
    FailedJob,
    FailedJobDetail,
    FailedJobList,
    Job,
    JobDetail,
    JobFilters,
    JobList,
    JobState,
    Listed,
)
from bot.models.refusals import Busy, FailedJobNotFound, JobNotFound
from bot.queue.layouts import Queue, failed_digest
from bot.queue.layouts.queue_table import QueueTable
from bot.queue.layouts.rows import FailedRow, JobRow, as_text, failed_at_text
from bot.wall_clock import unix

LIST_LIMIT = 50
MAX_LIST_LIMIT = 200
LIST_SECONDS = 1.0
# How many ids are read at each end of the table if a read of all ids takes too long.
END_IDS = 50_000
END_SECONDS = 0.4
# How many characters of a payload a list reads; they contain the order of any normal job.
PAYLOAD_HEAD = 65_536
EXCEPTION_HEAD = 2_048
# How many characters of an exception the details have; Slack shows fewer characters anyway.
DETAIL_HEAD = 65_536


def _selected(queue: Queue, now: datetime, name: str | None, state: JobState) -> Select[Any]:
    """Return the query for unfinished jobs of this queue and state."""
    layout = queue.jobs_layout
    query = job_columns(queue, now).where(layout.is_unfinished())
    if name is not None:
        query = query.where(layout.is_in_queue(name))
    if state == "all":
        return query
    return query.where(layout.is_pending(now) if state == "pending" else layout.is_reserved(now))


def jobs(
    connection: Connection,
    queue: Queue,
    now: datetime,
    *,
    name: str | None = None,
    state: JobState = "all",
    limit: int = LIST_LIMIT,
    oldest_first: bool = False,
    after: int | None = None,
    seconds: float = LIST_SECONDS,
) -> tuple[JobList, Listed]:
    """Return up to `limit` jobs by id, newest first, and the values that their buttons need.

    `after` is the last id of the previous page. Only the two ends of the table are read if a read
    of all jobs takes more than `seconds`. New jobs have the highest ids, and workers take the jobs
    with the lowest ids.
    """
    layout = queue.jobs_layout
    query = _selected(queue, now, name, state)
    if after is not None:
        query = query.where(layout.id > after if oldest_first else layout.id < after)
    order = layout.id if oldest_first else layout.id.desc()
    partial = False
    try:
        selected = bounded(connection, query.order_by(order).limit(limit), seconds).mappings()
        rows = [layout.row_of(row) for row in selected]
    except TooSlow:
        rows, partial = _ends(connection, queue, query, limit, oldest_first=oldest_first), True
    items = tuple(job_of(queue, row, now) for row in rows)
    filters = JobFilters(queue=name, status=state, limit=limit)
    listed = Listed(
        row_digests={row.id: row.digest for row in rows},
        arguments={},
        partial=partial,
        reserved_at={row.id: row.reserved_at for row in rows if row.reserved_at is not None},
    )
    return JobList(jobs=items, count=len(items), filters=filters), listed


def _ends(
    connection: Connection, queue: Queue, query: Select[Any], limit: int, *, oldest_first: bool
) -> list[JobRow]:
    """Return the jobs of the query that are among the lowest and the highest ids."""
    layout = queue.jobs_layout
    id_ = layout.id
    lowest, highest = connection.execute(select(func.min(id_), func.max(id_))).one()
    if lowest is None:
        return []
    ends = [id_ < lowest + END_IDS, id_ > max(highest - END_IDS, lowest + END_IDS - 1)]
    rows: list[JobRow] = []
    for end in ends if oldest_first else reversed(ends):
        order = id_ if oldest_first else id_.desc()
        within = query.where(end).order_by(order).limit(limit - len(rows))
        try:
            rows += map(layout.row_of, bounded(connection, within, END_SECONDS).mappings())
        except TooSlow as error:
            raise Busy from error
        if len(rows) == limit:
            break
    return rows


def failed(
    connection: Connection,
    queue: Queue,
    *,
    name: str | None = None,
    limit: int = LIST_LIMIT,
    after: int | None = None,
) -> tuple[FailedJobList, dict[int, str]]:
    """Return up to `limit` failed jobs, newest id first, and their row digests.

    `after` is the last id of the previous page.
    """
    layout = queue.failed_layout
    query = failed_columns(queue).order_by(layout.id.desc()).limit(limit)
    if name is not None:
        query = query.where(layout.is_in_queue(name))
    if after is not None:
        query = query.where(layout.id < after)
    rows = _fetch(connection, query)
    items = tuple(failed_of(queue, row) for row in rows)
    digests = {row.id: row.digest for row in rows}
    return FailedJobList(failed_jobs=items, count=len(items)), digests


def failed_by_ids(connection: Connection, queue: Queue, ids: Sequence[int]) -> list[FailedRow]:
    """Return the failed jobs with these ids, the highest id first; their texts are unmasked."""
    if not ids:
        return []
    id_ = queue.failed_layout.id
    return _fetch(connection, failed_columns(queue).where(id_.in_(ids)).order_by(id_.desc()))


def _fetch(connection: Connection, query: Select[Any]) -> list[FailedRow]:
    try:
        return [FailedRow.of(row) for row in bounded(connection, query, LIST_SECONDS).mappings()]
    except TooSlow as error:
        raise Busy from error


def job(connection: Connection, queue: Queue, now: datetime, job_id: int) -> JobDetail:
    """Return the details of one job with 64 kB of unmasked payload; raises `JobNotFound`."""
    layout = queue.jobs_layout
    query = job_columns(queue, now).where(layout.id == job_id, layout.is_unfinished())
    query = query.add_columns(*_shown(layout))
    selected = connection.execute(query).mappings().first()
    if selected is None:
        raise JobNotFound(id=str(job_id))
    row = layout.row_of(selected)
    shown = job_of(queue, row, now)
    return JobDetail(
        job=shown,
        state=row.state(now),
        payload=row.payload,
        row_digest=row.digest,
        reserved_at=row.reserved_at,
        facts=_facts(queue, layout, selected, row.payload),
        batch=_batch_of(connection, queue, shown),
    )


def failed_job(connection: Connection, queue: Queue, failed_id: int) -> FailedJobDetail:
    """Return the details of one failed job; raises `FailedJobNotFound`.

    The details have the first 64 kB of the payload and of the exception, without masking.
    """
    layout = queue.failed_layout
    query = failed_columns(queue, DETAIL_HEAD).where(layout.id == failed_id)
    query = query.add_columns(*_shown(layout))
    selected = connection.execute(query).mappings().first()
    if selected is None:
        raise FailedJobNotFound(id=str(failed_id))
    row = FailedRow.of(selected)
    shown = failed_of(queue, row)
    return FailedJobDetail(
        failed_job=shown,
        error_group=queue.error_group(row.exception[:EXCEPTION_HEAD]),
        exception=row.exception,
        payload=row.payload,
        row_digest=row.digest,
        facts=_facts(queue, layout, selected, row.payload),
        batch=_batch_of(connection, queue, shown),
    )


def _shown(layout: QueueTable) -> list[ColumnElement[Any]]:
    return [layout.column(name).label(f"shown_{name}") for name in layout.shown_columns]


def _facts(queue: Queue, layout: QueueTable, row: RowMapping, payload: str) -> dict[str, str]:
    """Return the layout's data about a job, from further columns and from the payload."""
    columns = {name: queue.mask(as_text(row[f"shown_{name}"])) for name in layout.shown_columns}
    return columns | queue.facts(payload)


def _batch_of(connection: Connection, queue: Queue, row: Job | FailedJob) -> JobBatch | None:
    """Return the framework's batch that the job belongs to, if any."""
    id_ = row.subjects.get(BATCH)
    return queue.batches_of(connection, [id_]).get(str(id_))


def job_columns(queue: Queue, now: datetime) -> Select[Any]:
    """Select each job as a `JobRow`, with the head of its payload."""
    return select(*queue.jobs_layout.selection(PAYLOAD_HEAD, now))


def failed_columns(queue: Queue, exception_head: int = EXCEPTION_HEAD) -> Select[Any]:
    """Select each failed job as a `FailedRow`, with the heads of its payload and exception."""
    columns = queue.failed_layout.selection(PAYLOAD_HEAD, exception_head)
    return select(*columns, failed_digest(queue.failed).label("digest"))


def job_of(queue: Queue, row: JobRow, now: datetime) -> Job:
    """Convert a row of `job_columns` to the spec's job."""
    identity = queue.identify(row.payload)
    return Job(
        id=row.id,
        queue=queue.mask(row.queue),
        attempts=row.attempts,
        max_attempts=row.max_attempts,
        job_class=identity.job_class,
        order_id=identity.order_id,
        tienda_id=identity.tienda_id,
        subjects=dict(identity.subjects),
        created_at_human=_human(queue, row.created_at),
        available_at_human=_human(queue, row.available_at),
        reserved_at_human=_human(queue, row.reserved_at),
        age_seconds=None if row.created_at is None else unix(now) - row.created_at,
    )


def failed_of(queue: Queue, row: FailedRow) -> FailedJob:
    """Convert a row of `failed_columns` to the spec's failed job."""
    identity = queue.identify(row.payload)
    return FailedJob(
        id=row.id,
        queue=queue.mask(row.queue),
        job_class=identity.job_class,
        order_id=identity.order_id,
        tienda_id=identity.tienda_id,
        subjects=dict(identity.subjects),
        exception_short=queue.short(row.exception[:EXCEPTION_HEAD]),
        failed_at=failed_at_text(row.failed_at),
    )


def _human(queue: Queue, seconds: int | None) -> str | None:
    """Format a time of `jobs` for people; return None for NULL or a time outside the calendar."""
    try:
        return None if seconds is None else queue.human(seconds)
    except (OverflowError, ValueError, OSError):
        return None
