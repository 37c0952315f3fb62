"""What the queue holds: lists and single rows. Every scan is bounded in rows and time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, Select, func, select

from bot.database.transactions import TooSlow, bounded
from bot.fingerprint.error_group import error_group
from bot.fingerprint.payload import identify
from bot.models.jobs import (
    FailedJob,
    FailedJobDetail,
    FailedJobList,
    Job,
    JobDetail,
    JobFilters,
    JobList,
    JobState,
)
from bot.models.refusals import Busy, FailedJobNotFound, JobNotFound
from bot.queue.layouts import Queue, failed_digest, job_digest
from bot.wall_clock import unix

LIST_LIMIT = 50
MAX_LIST_LIMIT = 200
LIST_SECONDS = 1.0
# How many ids of each end are looked at where looking at all takes longer.
END_IDS = 50_000
END_SECONDS = 0.4
# What of a payload a list reads: enough to name the order of any sane job.
PAYLOAD_HEAD = 65_536
EXCEPTION_HEAD = 2_048
# What the details show of an exception; Slack shows less of it anyway.
DETAIL_HEAD = 65_536


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
) -> tuple[JobList, dict[int, str], bool]:
    """Up to `limit` jobs by id, newest first, their row digests, and whether there may be others.

    `after` is the last id of the page before. Where all cannot be looked at within `seconds`, only
    the two ends are: new jobs come at one, and workers take theirs from the other.
    """
    c = queue.jobs.c
    query = job_columns(queue)
    if name is not None:
        query = query.where(c.queue == name)
    if state != "all":
        waiting = c.reserved_at.is_(None)
        query = query.where(waiting if state == "pending" else ~waiting)
    if after is not None:
        query = query.where(c.id > after if oldest_first else c.id < after)
    order = c.id if oldest_first else c.id.desc()
    partial = False
    try:
        rows = list(bounded(connection, query.order_by(order).limit(limit), seconds).mappings())
    except TooSlow:
        rows, partial = _ends(connection, queue, query, limit, oldest_first=oldest_first), True
    items = tuple(job_of(queue, row, now) for row in rows)
    filters = JobFilters(queue=name, status=state, limit=limit)
    digests = {row["id"]: row["digest"] for row in rows}
    return JobList(jobs=items, count=len(items), filters=filters), digests, partial


def _ends(
    connection: Connection, queue: Queue, query: Select[Any], limit: int, *, oldest_first: bool
) -> list[RowMapping]:
    """What of the chosen jobs is among the lowest and the highest ids."""
    c = queue.jobs.c
    lowest, highest = connection.execute(select(func.min(c.id), func.max(c.id))).one()
    if lowest is None:
        return []
    ends = [c.id < lowest + END_IDS, c.id > max(highest - END_IDS, lowest + END_IDS - 1)]
    rows: list[RowMapping] = []
    for end in ends if oldest_first else reversed(ends):
        order = c.id if oldest_first else c.id.desc()
        within = query.where(end).order_by(order).limit(limit - len(rows))
        try:
            rows += bounded(connection, within, END_SECONDS).mappings()
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
    """Up to `limit` failed jobs, newest id first, and their row digests.

    `after` is the last id of the page before.
    """
    c = queue.failed.c
    query = failed_columns(queue).order_by(c.id.desc()).limit(limit)
    if name is not None:
        query = query.where(c.queue == name)
    if after is not None:
        query = query.where(c.id < after)
    rows = _fetch(connection, query)
    items = tuple(failed_of(queue, row) for row in rows)
    digests = {row["id"]: row["digest"] for row in rows}
    return FailedJobList(failed_jobs=items, count=len(items)), digests


def failed_by_ids(connection: Connection, queue: Queue, ids: Sequence[int]) -> list[RowMapping]:
    """The rows of `failed_columns` with these ids, the greatest first; their texts unmasked."""
    if not ids:
        return []
    c = queue.failed.c
    return _fetch(connection, failed_columns(queue).where(c.id.in_(ids)).order_by(c.id.desc()))


def _fetch(connection: Connection, query: Select[Any]) -> list[RowMapping]:
    try:
        return list(bounded(connection, query, LIST_SECONDS).mappings())
    except TooSlow as error:
        raise Busy from error


def job(connection: Connection, queue: Queue, now: datetime, job_id: int) -> JobDetail:
    """Everything about one job, its payload (64 kB of it) unmasked; raises `JobNotFound`."""
    query = job_columns(queue).where(queue.jobs.c.id == job_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise JobNotFound(id=str(job_id))
    delayed = row["available_at"] > unix(now)
    waiting: Literal["delayed", "pending"] = "delayed" if delayed else "pending"
    return JobDetail(
        job=job_of(queue, row, now),
        state="reserved" if row["reserved_at"] is not None else waiting,
        payload=row["payload"],
        row_digest=row["digest"],
    )


def failed_job(connection: Connection, queue: Queue, failed_id: int) -> FailedJobDetail:
    """Everything about one failed job, 64 kB of payload and exception, unmasked.

    Raises `FailedJobNotFound`.
    """
    query = failed_columns(queue, DETAIL_HEAD).where(queue.failed.c.id == failed_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise FailedJobNotFound(id=str(failed_id))
    return FailedJobDetail(
        failed_job=failed_of(queue, row),
        error_group=queue.mask(error_group(row["exception"][:EXCEPTION_HEAD])),
        exception=queue.mask(row["exception"]),
        payload=row["payload"],
        row_digest=row["digest"],
    )


def job_columns(queue: Queue) -> Select[Any]:
    """What lists and details read of jobs; of the payload its head."""
    c = queue.jobs.c
    others = [column for column in c if column.name != "payload"]
    head = func.substr(c.payload, 1, PAYLOAD_HEAD).label("payload")
    return select(*others, head, job_digest(queue.jobs).label("digest"))


def failed_columns(queue: Queue, exception_head: int = EXCEPTION_HEAD) -> Select[Any]:
    """What lists and details read of failed jobs; of payload and exception the heads."""
    c = queue.failed.c
    return select(
        c.id,
        c.queue,
        c.failed_at,
        func.substr(c.payload, 1, PAYLOAD_HEAD).label("payload"),
        func.substr(c.exception, 1, exception_head).label("exception"),
        failed_digest(queue.failed).label("digest"),
    )


def job_of(queue: Queue, row: RowMapping, now: datetime) -> Job:
    """A row of `job_columns` as the spec has it."""
    identity = identify(
        row["payload"], order_paths=queue.order_paths, tienda_paths=queue.tienda_paths
    )
    reserved_at = row["reserved_at"]
    return Job(
        id=row["id"],
        queue=row["queue"],
        attempts=row["attempts"],
        max_attempts=row["max_attempts"],
        job_class=identity.job_class,
        order_id=identity.order_id,
        tienda_id=identity.tienda_id,
        created_at_human=queue.human(row["created_at"]),
        available_at_human=queue.human(row["available_at"]),
        reserved_at_human=None if reserved_at is None else queue.human(reserved_at),
        age_seconds=unix(now) - row["created_at"],
    )


def failed_of(queue: Queue, row: RowMapping) -> FailedJob:
    """A row of `failed_columns` as the spec has it."""
    identity = identify(
        row["payload"], order_paths=queue.order_paths, tienda_paths=queue.tienda_paths
    )
    return FailedJob(
        id=row["id"],
        queue=row["queue"],
        job_class=identity.job_class,
        order_id=identity.order_id,
        tienda_id=identity.tienda_id,
        exception_short=queue.short(row["exception"][:EXCEPTION_HEAD]),
        # A text where it is no time: MySQL allows zeros, as old tables have them.
        failed_at=str(row["failed_at"])[: len("0000-00-00 00:00:00")],
    )
