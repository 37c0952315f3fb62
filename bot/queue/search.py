"""Find a subject's jobs by a scan of both ends of the table, bounded in rows and time.

The spec's tables have no index on the payload. A text search in the server returns few candidates.
This module parses the payloads of the candidates and executes nothing in these payloads.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    func,
    select,
)

from bot.database.dialects import contains
from bot.database.transactions import TooSlow, bounded_until, time_limit
from bot.fingerprint.payload import JobIdentity
from bot.models.jobs import Job
from bot.models.subject_search import FoundFailed, FoundJob, Looked
from bot.models.subjects import SubjectKey
from bot.queue.layouts import Queue
from bot.queue.layouts.moments import decode_moment
from bot.queue.layouts.queue_table import QueueTable
from bot.queue.layouts.rows import FailedRow
from bot.queue.reads import (
    PAYLOAD_HEAD,
    failed_columns,
    failed_of,
    job_columns,
    job_of,
)

UNINDEXED = 2_000
"""How many failed jobs to read above the highest indexed id: the jobs that failed in the last few
seconds."""
CANDIDATES = 200
MOST = 50
"""The maximum number of rows shown for one subject."""

_RUN = re.compile("[A-Za-z0-9]+")


def needle_of(key: SubjectKey) -> str | None:
    """Return a text that every payload of the subject contains in any encoding, or None."""
    return max(_RUN.findall(key.value), key=len, default=None)


def matches(key: SubjectKey, identity: JobIdentity) -> bool:
    """Return whether a payload with this identity belongs to the subject."""
    value = identity.value(key.name)
    if value is None or str(value) != key.value:
        return False
    return key.tienda is None or str(identity.tienda_id or "") == key.tienda


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """The limits of a search: its rows at both ends, the rows of one page, and its seconds.

    One page takes 30 ms with payloads of 400 B. New jobs get the highest ids, and workers take
    the lowest ids.
    """

    newest: int = 20_000
    oldest: int = 5_000
    page: int = 5_000
    seconds: float = 0.8


SCAN_LIMITS = ScanLimits()


@dataclass
class _Scan:
    """A search through one table, which must end before a time of `monotonic()`.

    `ids` are the matches so far. The methods raise `TooSlow` after the time.
    """

    connection: Connection
    queue: Queue
    layout: QueueTable
    key: SubjectKey
    until: float
    ids: list[int] = field(default_factory=list)
    coverage: Looked = field(default_factory=lambda: Looked(complete=False))

    def ends(self, limits: ScanLimits) -> None:
        """Search the rows with the highest ids, then the rows with the lowest ids."""
        before: int | None = None
        for _ in range(limits.newest // limits.page):
            count, low, high = self._id_range(limits.page, before)
            self._add_matches(low, high)
            self._record(newest=self.coverage.newest + count)
            if self.coverage.more:
                return
            if count < limits.page:
                self._record(complete=True)
                return
            before = low
        count, low, high = self._id_range(limits.oldest, before, from_lowest=True)
        self._add_matches(low, high)
        is_whole = count < limits.oldest and not self.coverage.more
        self._record(oldest=count, complete=is_whole)

    def above(self, floor: int, most: int) -> None:
        """Search up to `most` rows with ids above the floor, from the highest id down."""
        _, low, high = self._id_range(most, None)
        self._add_matches(max(low, floor + 1), high)

    def _record(self, **values: Any) -> None:
        self.coverage = self.coverage.model_copy(update=values)

    def _id_range(
        self, rows: int, before: int | None, *, from_lowest: bool = False
    ) -> tuple[int, int, int]:
        """Return the count, the lowest id and the highest id of the next rows below `before`."""
        id_ = self.layout.id
        ids = select(id_).order_by(id_ if from_lowest else id_.desc()).limit(rows)
        within = (ids if before is None else ids.where(id_ < before)).subquery()
        ends = select(func.count(), func.min(within.c.id), func.max(within.c.id))
        count, low, high = self._read(ends).one()
        return count, low or 0, high or 0

    def _add_matches(self, low: int, high: int) -> None:
        """Add the matching ids from `low` to `high`, the highest id first; stop after `MOST`."""
        id_, payload = self.layout.id, self.layout.payload
        head = self.layout.payload_head(PAYLOAD_HEAD).label("head")
        query = select(id_, head).where(id_ >= low).order_by(id_.desc()).limit(CANDIDATES)
        if (needle := needle_of(self.key)) is not None:
            query = query.where(contains(self.connection, payload, needle))
        while True:
            rows = self._read(query.where(id_ <= high)).all()
            self.ids += [row.id for row in rows if matches(self.key, self._identity_of(row.head))]
            is_last = len(rows) < CANDIDATES
            if len(self.ids) > MOST or (len(self.ids) == MOST and not is_last):
                self._record(more=True)
            if is_last or self.coverage.more:
                return
            high = rows[-1].id - 1

    def _identity_of(self, payload: str | None) -> JobIdentity:
        return self.queue.identify(payload or "")

    def _read(self, statement: Any) -> Any:
        return bounded_until(self.connection, statement, self.until)


def jobs_of(
    connection: Connection,
    queue: Queue,
    now: datetime,
    key: SubjectKey,
    known_ids: Iterable[int] = (),
    limits: ScanLimits = SCAN_LIMITS,
) -> tuple[list[FoundJob], Looked]:
    """Return the subject's jobs by id, and how much of the table was scanned.

    The `known_ids` are read directly; a row that now belongs to another subject is left out.
    """
    layout = queue.jobs_layout
    scan = _Scan(connection, queue, layout, key, time_limit(connection, limits.seconds))
    try:
        scan.ends(limits)
    except TooSlow:
        scan.coverage = scan.coverage.model_copy(update={"in_time": False})
    digest = layout.payload_digest().label("payload_digest")
    ids = sorted({*scan.ids, *known_ids})[-MOST:]
    unfinished = (layout.id.in_(ids), layout.is_unfinished())
    rows = connection.execute(
        job_columns(queue, now).add_columns(digest).where(*unfinished).order_by(layout.id)
    ).mappings()
    jobs = (_found_job(queue, row, now) for row in rows)
    return [job for job in jobs if matches(key, _identity(job.job))], scan.coverage


def _found_job(queue: Queue, selected: RowMapping, now: datetime) -> FoundJob:
    row = queue.jobs_layout.row_of(selected)
    return FoundJob(
        job=job_of(queue, row, now),
        state=row.state(now),
        # A table may allow NULL in `created_at`; a job with NULL is sorted before all other jobs.
        created_at=decode_moment(row.created_at or 0),
        row_digest=row.digest,
        payload_digest=selected["payload_digest"],
        reserved_at=row.reserved_at,
    )


def failed_of_subject(
    connection: Connection, queue: Queue, key: SubjectKey, above: int
) -> tuple[list[FoundFailed], bool]:
    """Return the subject's newest failed jobs above the highest indexed id.

    The second value is whether the search ended in time.
    """
    until = time_limit(connection, SCAN_LIMITS.seconds)
    layout = queue.failed_layout
    scan = _Scan(connection, queue, layout, key, until)
    in_time = True
    try:
        scan.above(above, UNINDEXED)
    except TooSlow:
        in_time = False
    query = failed_columns(queue).where(layout.id.in_(scan.ids[:MOST]))
    rows = map(FailedRow.of, connection.execute(query.order_by(layout.id)).mappings())
    failures = [
        FoundFailed(
            failed_job=failed_of(queue, row),
            failed_at=queue.utc(row.failed_at),
            row_digest=row.digest,
        )
        for row in rows
    ]
    return failures, in_time


def _identity(job: Job) -> JobIdentity:
    return JobIdentity(job.job_class, job.order_id, job.tienda_id, job.subjects)
