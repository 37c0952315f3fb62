"""What became of the jobs of a bulk retry, as counts: a few indexed reads at a time.

Ids of `jobs` are looked at in stretches of a fixed width, those that the batches made and whatever
came later: a worker that releases a job gives it a new id. A row counts as one of the operation's
where a failure of the operation has its payload; new failures are counted the same way. Which of
several jobs with one payload ended how, nobody can tell, nor has to.
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

from bot.queue.layouts import Queue, payload_digest
from bot.store.operations.operations import Operation
from bot.store.tables import archive, batches, failures, outcome_ranges, outcomes

WIDTH = 2_000
"""Ids of `jobs` in one stretch: 20 ms at 400 B of payload where all of them wait."""
NEW_RANGES = 5
LOWEST, IN_TURN = 2, 100
"""Stretches that are counted again in a pass, as far as time allows."""
BUDGET = 0.05
"""Seconds after which a pass begins no other stretch."""
UNCOMMITTED = 100
DELETED = 1_000

FOLLOWING, SETTLED, STOPPED = "following", "settled", "stopped"


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """How many jobs of an operation have which outcome; `waiting` is None until all were counted.

    `next_range` is the first range of ids that was not counted yet.
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
    """Follow what an operation that has ended retried."""
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
    """Operations whose time to be counted has come."""
    c = outcomes.c
    chosen = select(*_COLUMNS).where(c.next_check_at <= now).order_by(c.next_check_at)
    return [OutcomeCounts(*row) for row in connection.execute(chosen.limit(limit))]


def of_operation(connection: Connection, operation: int) -> OutcomeCounts | None:
    """Return the counts of this operation."""
    found = connection.execute(select(*_COLUMNS).where(outcomes.c.operation == operation)).first()
    return None if found is None else OutcomeCounts(*found)


def note(connection: Connection, seen: OutcomeCounts) -> None:
    """Store the counts of an operation."""
    values = {name: getattr(seen, name) for name in OutcomeCounts.__dataclass_fields__}
    this = outcomes.c.operation == values.pop("operation")
    connection.execute(update(outcomes).where(this).values(**values))


def delete_ranges(connection: Connection, operation: int) -> None:
    """Delete the id ranges: nothing is counted any more."""
    connection.execute(delete(outcome_ranges).where(outcome_ranges.c.operation == operation))


def exists(wanted: ColumnElement[bool], of: Any) -> ColumnElement[bool]:
    """Whether there is one, looked up for each row: a LIMIT keeps a server from reading them all.

    As a semijoin MariaDB would first collect every failure of the operation.
    """
    return select(literal(1)).where(wanted).limit(1).correlate(of).scalar_subquery().is_not(None)


def is_behind(connection: Connection, seen: OutcomeCounts) -> bool:
    """Whether there are failures that were not looked at yet."""
    return last_seq(connection) > seen.cursor_seq


def last_seq(connection: Connection) -> int:
    """The last number that a failure was given."""
    return int(connection.execute(select(func.max(failures.c.seq))).scalar() or 0)


def count_waiting(
    connection: Connection, queue: Queue, seen: OutcomeCounts, now: datetime
) -> dict[str, int | None]:
    """How many jobs of the operation are in `jobs`, as far as they were counted by now."""
    highest = int(connection.execute(select(func.max(queue.jobs_layout.id))).scalar() or 0)
    ended = highest // WIDTH
    new = range(seen.next_range, min(ended, seen.next_range + NEW_RANGES - 1) + 1)
    for number in new:
        _keep(connection, seen, number, _count(connection, queue, seen, number), now)
    until = monotonic() + BUDGET
    for number in _known(connection, seen, new):
        _keep(connection, seen, number, _count(connection, queue, seen, number), now)
        if monotonic() >= until:
            break
    c = outcome_ranges.c
    unknown, total = connection.execute(
        select(func.count(case((c.waiting.is_(None), 1))), func.sum(c.waiting)).where(
            c.operation == seen.operation
        )
    ).one()
    # The last stretch goes on to fill, and the one before may hold what is committed late.
    filling = max(highest - UNCOMMITTED, 0) // WIDTH
    behind = unknown > 0 or new.stop <= ended
    return {
        "waiting": None if behind else int(total or 0),
        "next_range": max(seen.next_range, min(new.stop, filling)),
    }


def _known(connection: Connection, seen: OutcomeCounts, new: range) -> list[int]:
    """The stretches to count again: the lowest, where workers are by now, then those in turn."""
    c = outcome_ranges.c
    mine = select(c.number).where(c.operation == seen.operation)
    lowest = connection.execute(mine.order_by(c.number).limit(LOWEST)).scalars()
    in_turn = connection.execute(mine.order_by(c.checked_at, c.number).limit(IN_TURN)).scalars()
    return [number for number in dict.fromkeys([*lowest, *in_turn]) if number not in new]


def _count(connection: Connection, queue: Queue, seen: OutcomeCounts, number: int) -> int:
    """How many jobs with ids of this stretch have a payload of the operation."""
    # Ids below the first were there before.
    low = max(number * WIDTH, seen.first_job_id)
    within = queue.jobs_layout.id.between(low, number * WIDTH + WIDTH - 1)
    digest = payload_digest(queue.jobs).label("digest")
    # Looked up once for each payload, which very many failures may share.
    each = select(digest, func.count().label("jobs")).where(within).group_by(digest).subquery()
    ours = and_(
        failures.c.payload_digest == each.c.digest,
        failures.c.operation == seen.operation,
    )
    counted = select(func.sum(each.c.jobs)).where(exists(ours, each))
    return int(connection.execute(counted).scalar() or 0)


def _keep(
    connection: Connection, seen: OutcomeCounts, number: int, waiting: int, now: datetime
) -> None:
    this = and_(outcome_ranges.c.operation == seen.operation, outcome_ranges.c.number == number)
    if not waiting:
        connection.execute(delete(outcome_ranges).where(this))
        return
    values = {"waiting": waiting, "checked_at": now}
    if not connection.execute(update(outcome_ranges).where(this).values(values)).rowcount:
        row = {"operation": seen.operation, "number": number}
        connection.execute(insert(outcome_ranges).values(row | values))


def count_deleted(connection: Connection, seen: OutcomeCounts) -> int:
    """How many of its jobs somebody deleted with the bot, up to `DELETED`."""
    a = archive.c
    ours = and_(
        failures.c.payload_digest == archive.c.payload_digest,
        failures.c.operation == seen.operation,
    )
    found = (
        select(a.id)
        .where(a.kind == "job", a.row_id >= seen.first_job_id, a.counts_as == "deleted")
        .where(a.restored_at.is_(None), exists(ours, archive))
        .limit(DELETED)
    ).subquery()
    return int(connection.execute(select(func.count()).select_from(found)).scalar_one())
