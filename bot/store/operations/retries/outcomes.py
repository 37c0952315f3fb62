"""Count the outcomes of a bulk retry's jobs; each pass makes only a few indexed reads.

Jobs are counted in ranges of ids with a fixed width. The ranges cover the ids that the batches
created and all later ids, because a worker that releases a job gives the job a new id. A job or a
new failure belongs to the operation if a failure of the operation has an equal payload.
Jobs with equal payloads cannot be distinguished, but the counts do not need this.
"""

from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from bot.queue.layouts import Queue
from bot.store.operations.operations import Operation
from bot.store.operations.retries.location import UNCOMMITTED
from bot.store.tables import archive, batches, failures, outcome_ranges, outcomes

WIDTH = 2_000
"""The number of `jobs` ids in one range. Counting a full range takes 20 ms at 400 B of payload."""
NEW_RANGES = 5
LOWEST, IN_TURN = 2, 100
"""A pass recounts this many lowest ranges, and this many ranges in turn, if `BUDGET` allows."""
BUDGET = 0.05
"""After this many seconds, a pass starts no further range."""
DELETED = 1_000

FOLLOWING, SETTLED, STOPPED = "following", "settled", "stopped"


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """The number of an operation's jobs by outcome; `waiting` is None until all ranges are counted.

    `next_range` is the first range of ids that is not counted yet.
    """

    operation: int
    state: str
    started_at: datetime
    first_job_id: int
    next_range: int
    cursor_seq: int
    failed_again: int
    failed_otherwise: int
    put_back: int
    deleted: int
    waiting: int | None
    late: bool
    drained_at: datetime | None
    settled_at: datetime | None
    next_check_at: datetime | None


_COLUMNS = [outcomes.c[name] for name in OutcomeCounts.__dataclass_fields__]


def begin(connection: Connection, operation: Operation, now: datetime) -> None:
    """Start to count the outcomes of an ended operation if the operation retried jobs."""
    ids = select(func.min(batches.c.first_job_id), func.max(batches.c.last_job_id))
    first, last = connection.execute(ids.where(batches.c.operation == operation.id)).one()
    if operation.counts_as != "retried" or first is None or of_operation(connection, operation.id):
        return
    low, high = first // WIDTH, last // WIDTH
    connection.execute(
        insert(outcomes).values(
            operation=operation.id,
            state=FOLLOWING,
            started_at=now,
            first_job_id=first,
            next_range=high,
            cursor_seq=operation.bound_seq,
            next_check_at=now,
        )
    )
    rows = [{"operation": operation.id, "number": number} for number in range(low, high + 1)]
    connection.execute(insert(outcome_ranges), rows)


def due(connection: Connection, now: datetime, limit: int) -> list[OutcomeCounts]:
    """Return the operations that are due for counting."""
    c = outcomes.c
    query = select(*_COLUMNS).where(c.next_check_at <= now).order_by(c.next_check_at)
    return [OutcomeCounts(*row) for row in connection.execute(query.limit(limit))]


def of_operation(connection: Connection, operation: int) -> OutcomeCounts | None:
    """Return the counts of this operation."""
    row = connection.execute(select(*_COLUMNS).where(outcomes.c.operation == operation)).first()
    return None if row is None else OutcomeCounts(*row)


def note(connection: Connection, counts: OutcomeCounts) -> None:
    """Store the counts of an operation."""
    values = {name: getattr(counts, name) for name in OutcomeCounts.__dataclass_fields__}
    this = outcomes.c.operation == values.pop("operation")
    connection.execute(update(outcomes).where(this).values(**values))


def delete_ranges(connection: Connection, operation: int) -> None:
    """Delete the id ranges of an operation after the end of the count."""
    connection.execute(delete(outcome_ranges).where(outcome_ranges.c.operation == operation))


def exists(condition: ColumnElement[bool], of: Any) -> ColumnElement[bool]:
    """Return the condition that a matching row exists, with one short look-up for each row of `of`.

    Without LIMIT, MariaDB would use a semijoin and first read every failure of the operation.
    """
    return select(literal(1)).where(condition).limit(1).correlate(of).scalar_subquery().is_not(None)


def is_behind(connection: Connection, counts: OutcomeCounts) -> bool:
    """Return whether the index has failures that are not counted yet."""
    return last_seq(connection) > counts.cursor_seq


def last_seq(connection: Connection) -> int:
    """Return the highest `seq` of a failure."""
    return int(connection.execute(select(func.max(failures.c.seq))).scalar() or 0)


def count_waiting(
    connection: Connection, queue: Queue, counts: OutcomeCounts, now: datetime
) -> dict[str, int | None]:
    """Count the operation's jobs in `jobs`; `waiting` is None until all ranges are counted."""
    highest = int(connection.execute(select(func.max(queue.jobs_layout.id))).scalar() or 0)
    ended = highest // WIDTH
    new = range(counts.next_range, min(ended, counts.next_range + NEW_RANGES - 1) + 1)
    for number in new:
        _keep(connection, counts, number, _count(connection, queue, counts, number), now)
    until = monotonic() + BUDGET
    for number in _known(connection, counts, new):
        _keep(connection, counts, number, _count(connection, queue, counts, number), now)
        if monotonic() >= until:
            break
    c = outcome_ranges.c
    unknown, total = connection.execute(
        select(func.count(case((c.waiting.is_(None), 1))), func.sum(c.waiting)).where(
            c.operation == counts.operation
        )
    ).one()
    # The last range is not full yet, and the previous range may get a late commit.
    filling = max(highest - UNCOMMITTED, 0) // WIDTH
    behind = unknown > 0 or new.stop <= ended
    return {
        "waiting": None if behind else int(total or 0),
        "next_range": max(counts.next_range, min(new.stop, filling)),
    }


def _known(connection: Connection, counts: OutcomeCounts, new: range) -> list[int]:
    """Return the ranges to recount: the lowest, where workers claim jobs, then ranges in turn."""
    c = outcome_ranges.c
    mine = select(c.number).where(c.operation == counts.operation)
    lowest = connection.execute(mine.order_by(c.number).limit(LOWEST)).scalars()
    in_turn = connection.execute(mine.order_by(c.checked_at, c.number).limit(IN_TURN)).scalars()
    return [number for number in dict.fromkeys([*lowest, *in_turn]) if number not in new]


def _count(connection: Connection, queue: Queue, counts: OutcomeCounts, number: int) -> int:
    """Count the jobs in this range of ids that have a payload of the operation."""
    # Jobs with lower ids existed before the operation.
    low = max(number * WIDTH, counts.first_job_id)
    layout = queue.jobs_layout
    ids = layout.id.between(low, number * WIDTH + WIDTH - 1)
    within = and_(ids, layout.is_unfinished())
    digest = layout.payload_digest().label("digest")
    # Each payload is looked up once, because very many jobs may share one payload.
    each = select(digest, func.count().label("jobs")).where(within).group_by(digest).subquery()
    ours = and_(
        failures.c.payload_digest == each.c.digest,
        failures.c.operation == counts.operation,
    )
    counted = select(func.sum(each.c.jobs)).where(exists(ours, each))
    return int(connection.execute(counted).scalar() or 0)


def _keep(
    connection: Connection, counts: OutcomeCounts, number: int, waiting: int, now: datetime
) -> None:
    this = and_(outcome_ranges.c.operation == counts.operation, outcome_ranges.c.number == number)
    if not waiting:
        connection.execute(delete(outcome_ranges).where(this))
        return
    values = {"waiting": waiting, "checked_at": now}
    if not connection.execute(update(outcome_ranges).where(this).values(values)).rowcount:
        row = {"operation": counts.operation, "number": number}
        connection.execute(insert(outcome_ranges).values(row | values))


def count_deleted(connection: Connection, counts: OutcomeCounts) -> int:
    """Count the operation's jobs that people deleted with the bot, up to `DELETED`."""
    a = archive.c
    ours = and_(
        failures.c.payload_digest == archive.c.payload_digest,
        failures.c.operation == counts.operation,
    )
    deleted = (
        select(a.id)
        .where(a.kind == "job", a.row_id >= counts.first_job_id, a.counts_as == "deleted")
        .where(a.restored_at.is_(None), exists(ours, archive))
        .limit(DELETED)
    ).subquery()
    return int(connection.execute(select(func.count()).select_from(deleted)).scalar_one())
