"""Find work that a bulk retry may repeat: subjects that are queued, or processed since the failure.

Each read has a limit of rows and a time limit. None means that the read exceeded its time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, case, func, select

from bot.database.transactions import TooSlow, bounded_until, time_limit
from bot.models.duplicates import Duplicates, SubjectDuplicates
from bot.models.subjects import LONGEST_VALUE, ORDER
from bot.queue.layouts import Queue
from bot.queue.layouts.rows import as_text
from bot.queue.reads import PAYLOAD_HEAD
from bot.store.operations.retries.tracked_jobs import PROCESSED
from bot.store.tables import failure_subjects, failures, tracked_jobs

JOBS = 5_000
"""At most this many of the newest jobs are read: 0.1 s with payloads of 400 B, mostly in Python."""
FAILURES = 10_000
"""The number of the scope's newest failures that are compared with each other."""
PROCESSED_ROWS = 2_000
"""The number of newest processed retried jobs that are read."""
SECONDS = 0.5
SAMPLES = 5
VALUES_AT_ONCE = 1_000

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class _BoundedReads:
    """Reads with one shared deadline, a value of `monotonic()`."""

    connection: Connection
    until: float

    def at(self, statement: Any) -> Any:
        """Return the result of the statement; raises `TooSlow`."""
        return bounded_until(self.connection, statement, self.until)


def find(
    connection: Connection,
    queue: Queue,
    within: Condition,
    name: str | None = None,
    seconds: float = SECONDS,
) -> Duplicates:
    """Return likely duplicates among the failures that match `within`, in one or in all queues.

    All reads together take at most `seconds`.
    """
    reads = _BoundedReads(connection, time_limit(connection, seconds))
    names = [ORDER, *(subject.name for subject in queue.subjects if not subject.is_shared)]
    queued = _queued(reads, queue, within, name, names)
    identical = _identical(reads, within)
    later = {name: _processed_later(reads, within, name) for name in names}
    parts = [*queued.values(), identical, *later.values()]
    return Duplicates(
        queued=_count(queued[ORDER]),
        queued_orders=_samples(queued[ORDER]),
        identical=None if identical is None else identical[0],
        processed_later=_count(later[ORDER]),
        processed_orders=_samples(later[ORDER]),
        bounded=any(part is None or part[-1] for part in parts),
        subjects=tuple(
            SubjectDuplicates(
                name=name,
                queued=_count(queued[name]),
                queued_values=_samples(queued[name]),
                processed_later=_count(later[name]),
                processed_values=_samples(later[name]),
            )
            for name in names[1:]
        ),
    )


_Counted = tuple[int, tuple[str, ...], bool]
"""The number of failures, some values of their subject, and whether the read reached its limit."""


def _count(counted: _Counted | None) -> int | None:
    return None if counted is None else counted[0]


def _samples(counted: _Counted | None) -> tuple[str, ...]:
    return () if counted is None else counted[1]


def _queued(
    reads: _BoundedReads,
    queue: Queue,
    within: Condition,
    name: str | None,
    names: Sequence[str],
) -> dict[str, _Counted | None]:
    """Count, by subject, the failures whose subject has a job in the failure's queue now."""
    layout = queue.jobs_layout
    newest = select(layout.queue, layout.payload_head(PAYLOAD_HEAD)).where(layout.is_unfinished())
    if name is not None:
        newest = newest.where(layout.is_in_queue(name))
    try:
        jobs = reads.at(newest.order_by(layout.id.desc()).limit(JOBS)).all()
    except TooSlow:
        return dict.fromkeys(names)
    values: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in names}
    for of_queue, head in jobs:
        identity = queue.identify(head)
        for subject in names:
            if (value := identity.value(subject)) is not None:
                values[subject][queue.mask(as_text(of_queue))].add(str(value)[:LONGEST_VALUE])
    return {
        subject: _in_queues(reads, within, subject, values[subject], is_bounded=len(jobs) == JOBS)
        for subject in names
    }


def _in_queues(
    reads: _BoundedReads,
    within: Condition,
    subject: str,
    by_queue: Mapping[str, set[str]],
    *,
    is_bounded: bool,
) -> _Counted | None:
    count, samples = 0, list[str]()
    for of_queue, values in sorted(by_queue.items()):
        for part in _pieces(sorted(values)):
            condition = and_(within, failures.c.queue == of_queue)
            counted = _counted(reads, condition, subject, part)
            if counted is None:
                return None
            count += counted[0]
            samples += counted[1]
    return count, tuple(samples[:SAMPLES]), is_bounded


def _pieces(values: list[str]) -> Iterable[list[str]]:
    return (values[at : at + VALUES_AT_ONCE] for at in range(0, len(values), VALUES_AT_ONCE))


def _counted(
    reads: _BoundedReads, condition: Condition, subject: str, values: list[str]
) -> tuple[int, list[str]] | None:
    value, source = _value_of(subject)
    query = select(value, func.count()).select_from(source).where(condition, value.in_(values))
    try:
        rows = reads.at(query.group_by(value)).all()
    except TooSlow:
        return None
    return sum(count for _, count in rows), [sample for sample, _ in rows[:SAMPLES]]


def _value_of(subject: str) -> tuple[ColumnElement[Any], FromClause]:
    """Return the column with the subject's value, and the failures with this column."""
    if subject == ORDER:
        return failures.c.order_id, failures
    s = failure_subjects.c
    return s.value, failures.join(
        failure_subjects, and_(s.seq == failures.c.seq, s.name == subject)
    )


def _identical(reads: _BoundedReads, within: Condition) -> tuple[int, bool] | None:
    """Count failures whose queue and payload equal those of another failure of the scope."""
    c = failures.c
    newest = (
        select(c.queue, c.payload_digest).where(within).order_by(c.seq.desc()).limit(FAILURES)
    ).subquery()
    groups = (
        select(func.count().label("rows"))
        .select_from(newest)
        .group_by(newest.c.payload_digest, newest.c.queue)
    ).subquery()
    rows = groups.c.rows
    sums = select(func.sum(case((rows > 1, rows), else_=0)), func.sum(rows))
    try:
        count, total = reads.at(sums).one()
    except TooSlow:
        return None
    return int(count or 0), total == FAILURES


def _processed_later(reads: _BoundedReads, within: Condition, subject: str) -> _Counted | None:
    """Count the failures whose subject a retried job processed after the failure."""
    f = failures.c
    done = _done(subject).order_by(tracked_jobs.c.settled_at.desc()).limit(PROCESSED_ROWS)
    processed: Any = done.subquery()
    value, source = _value_of(subject)
    # The join starts with the few processed jobs and reads the failures of their subjects.
    later = and_(
        value == processed.c.value,
        f.queue == processed.c.queue,
        f.seen_at < processed.c.settled_at,
    )
    by_value = select(value, func.count(f.seq.distinct())).select_from(processed)
    counted = by_value.join(source, later).where(within).group_by(value)
    try:
        rows = reads.at(counted).all()
        limited = reads.at(select(func.count()).select_from(processed)).scalar()
    except TooSlow:
        return None
    return (
        sum(count for _, count in rows),
        tuple(sample for sample, _ in rows[:SAMPLES]),
        limited == PROCESSED_ROWS,
    )


def _done(subject: str) -> Select[Any]:
    """Select the value, the queue and the time of processed retried jobs."""
    w, s = tracked_jobs.c, failure_subjects.alias()
    if subject == ORDER:
        value = w.order_id.label("value")
        query = select(value, w.queue, w.settled_at)
        return query.where(w.state == PROCESSED, w.order_id.is_not(None))
    query = select(s.c.value, w.queue, w.settled_at).join_from(
        tracked_jobs, s, and_(s.c.seq == w.failed_seq, s.c.name == subject)
    )
    return query.where(w.state == PROCESSED)
