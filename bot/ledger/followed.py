"""Jobs that were retried by their id, followed until it is known what became of them.

A job's id does not survive a failed attempt: the worker releases it by a delete and an insert. So
an id that is gone is no outcome until no later row of that queue has the same payload, and nothing
new has failed with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, update

from bot.ledger.journal import audit
from bot.ledger.tables import archive, failures, followed
from bot.queue.database import TooSlow, bounded
from bot.queue.layouts import Queue, payload_digest

WAITING, PROCESSED, FAILED_AGAIN = "waiting", "processed", "failed-again"
FAILED_OTHERWISE, NO_LONGER_QUEUED = "failed-otherwise", "no-longer-queued"
STOPPED_FOLLOWING = "stopped-following"

AT_ONCE = 200
"""Jobs looked at in one pass."""
SCANNED = 5_000
"""The newest rows of a queue that are searched for a released job: 20 ms at 400 B of payload."""
SCAN_SECONDS = 0.5
UNCOMMITTED = 100
"""So many ids below the highest may still be on their way: id order is not commit order."""
FAILURES_AT_ONCE = 1_000
FIRST_CHECK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Retry:
    """A failed job as it was before its retry: what it is followed by."""

    failed_id: int
    failed_seq: int | None
    queue: str
    payload_digest: str
    error_group: Any


@dataclass(frozen=True, slots=True)
class Followed:
    """A job that is followed and what is known of it; see the table."""

    id: int
    request_id: str
    operation: int | None
    actor: str
    failed_id: int
    failed_seq: int | None
    retried_as: int
    job_id: int
    highest_id: int
    queue: str
    payload_digest: str
    error_group: Any
    job_class: str | None
    order_id: str | None
    retried_at: datetime
    state: str
    missed_at: datetime | None
    late: bool
    settled_at: datetime | None
    settled_by: str | None
    settled_how: str | None
    outcome_seq: int | None
    next_check_at: datetime | None

    @property
    def is_settled(self) -> bool:
        """Whether it is known what became of it."""
        return self.state != WAITING


@dataclass(frozen=True, slots=True)
class Taken:
    """By whom and how the bot took a job out of `jobs`."""

    by: str | None
    how: str


@dataclass(frozen=True, slots=True)
class Again:
    """A new failure with the payload of a followed job."""

    seq: int
    failed_id: int
    queue: str
    payload_digest: str
    error_group: Any
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look found: the job's id now (None: gone), or who took it.

    `complete` is False where not every row that it may have become could be looked at.
    """

    job_id: int | None
    taken: Taken | None = None
    complete: bool = True


_COLUMNS = [followed.c[name] for name in Followed.__dataclass_fields__]


def before_retry(
    connection: Connection, queue: Queue, failed_ids: Sequence[int]
) -> dict[int, Retry]:
    """The failed jobs by id, as they are before they move; the caller has them locked."""
    c, f = queue.failed.c, failures.c
    digest = payload_digest(queue.failed)
    known = and_(f.failed_id == c.id, f.gone_at.is_(None), f.payload_digest == digest)
    rows = connection.execute(
        select(c.id, f.seq, c.queue, digest, f.error_group)
        .select_from(queue.failed.join(failures, known, isouter=True))
        .where(c.id.in_(failed_ids))
    )
    return {row[0]: Retry(*row) for row in rows}


def follow(
    connection: Connection,
    request_id: str,
    actor: str,
    jobs: Iterable[tuple[Retry, int, str | None, int | str | None]],
    now: datetime,
    operation: int | None = None,
) -> None:
    """Follow retried jobs: each with its new id, its class and its order."""
    rows = [
        {
            "request_id": request_id,
            "operation": operation,
            "actor": actor[:64],
            "failed_id": was.failed_id,
            "failed_seq": was.failed_seq,
            "retried_as": job_id,
            "job_id": job_id,
            "highest_id": job_id,
            "queue": was.queue,
            "payload_digest": was.payload_digest,
            "error_group": was.error_group,
            "job_class": _cut(job_class, 191),
            "order_id": _cut(order_id, 64),
            "retried_at": now,
            "state": WAITING,
            "next_check_at": now + FIRST_CHECK,
        }
        for was, job_id, job_class, order_id in jobs
    ]
    if rows:
        connection.execute(insert(followed), rows)


def _cut(value: object, length: int) -> str | None:
    return None if value is None else str(value)[:length]


def due(connection: Connection, now: datetime, limit: int = AT_ONCE) -> list[Followed]:
    """Jobs whose time to be looked for has come, those that wait longest for it first."""
    c = followed.c
    chosen = select(*_COLUMNS).where(c.next_check_at <= now).order_by(c.next_check_at, c.id)
    return [Followed(*row) for row in connection.execute(chosen.limit(limit))]


def of_requests(connection: Connection, request_ids: Iterable[str]) -> list[Followed]:
    """Everything that was followed for these requests, in the order of failed ids."""
    c = followed.c
    chosen = select(*_COLUMNS).where(c.request_id.in_(list(request_ids)), c.operation.is_(None))
    return [Followed(*row) for row in connection.execute(chosen.order_by(c.failed_id, c.id))]


def look_soon(connection: Connection, request_id: str, now: datetime) -> None:
    """Let the next look at what this request retried come at once: something was done to it."""
    waiting = and_(followed.c.request_id == request_id, followed.c.state == WAITING)
    connection.execute(update(followed).where(waiting).values(next_check_at=now))


def of_failure(connection: Connection, seq: int) -> Followed | None:
    """What is followed of the retry of this failure."""
    row = connection.execute(select(*_COLUMNS).where(followed.c.failed_seq == seq)).first()
    return None if row is None else Followed(*row)


def highest_id(connection: Connection, queue: Queue) -> int:
    """The highest id of `jobs`; 0 where there is none."""
    return int(connection.execute(select(func.max(queue.jobs.c.id))).scalar() or 0)


def look(connection: Connection, queue: Queue, rows: Sequence[Followed]) -> dict[int, Sight]:
    """Where each of the followed jobs is now, by the id of its row here."""
    there = _there(connection, queue, rows)
    found = {row.id: Sight(row.job_id) for row in rows if row.id in there}
    missing = [row for row in rows if row.id not in found]
    taken = _taken(connection, missing)
    found |= {id_: Sight(None, who) for id_, who in taken.items()}
    for name in sorted({row.queue for row in missing}):
        left = [row for row in missing if row.queue == name and row.id not in found]
        if left:
            found |= _moved(connection, queue, name, left)
    return found


def _there(connection: Connection, queue: Queue, rows: Sequence[Followed]) -> set[int]:
    """Which of them still have the id that they had."""
    c = queue.jobs.c
    wanted = [row.job_id for row in rows]
    found = {
        job_id: (name, digest)
        for job_id, name, digest in connection.execute(
            select(c.id, c.queue, payload_digest(queue.jobs)).where(c.id.in_(wanted))
        )
    }
    return {row.id for row in rows if found.get(row.job_id) == (row.queue, row.payload_digest)}


def _taken(connection: Connection, rows: Sequence[Followed]) -> dict[int, Taken]:
    """Which of them the bot itself took out of `jobs`, as archive and audit know."""
    if not rows:
        return {}
    a = archive.c
    kept = connection.execute(
        select(a.row_id, a.archived_at, a.action, audit.c.actor)
        .select_from(archive.join(audit, audit.c.request_id == a.request_id, isouter=True))
        .where(a.kind == "job", a.row_id.in_([row.job_id for row in rows]))
        .order_by(a.id)
    ).all()
    return {
        row.id: Taken(actor, action)
        for row in rows
        for job_id, at, action, actor in kept
        if job_id == row.job_id and at >= row.retried_at
    }


def _moved(
    connection: Connection, queue: Queue, name: str, rows: Sequence[Followed]
) -> dict[int, Sight]:
    """Which of the queue's later rows they became, each row for one of them at most.

    Where there are two of a payload, nobody can tell which is which; each is found once.
    """
    c = queue.jobs.c
    floors = {row.id: max(row.job_id, row.highest_id - UNCOMMITTED) for row in rows}
    newest = (
        select(c.id.label("id"))
        .where(c.queue == name, c.id > min(floors.values()))
        .order_by(c.id.desc())
        .limit(SCANNED)
    ).subquery()
    digest = payload_digest(queue.jobs)
    wanted = {row.payload_digest for row in rows}
    scan = select(c.id, digest).join(newest, newest.c.id == c.id).where(digest.in_(wanted))
    try:
        count, lowest = connection.execute(select(func.count(), func.min(newest.c.id))).one()
        hits = bounded(connection, scan.order_by(c.id), SCAN_SECONDS).all()
    except TooSlow:
        return {row.id: Sight(None, complete=False) for row in rows}
    free = _not_held(connection, dict(hits))
    found: dict[int, Sight] = {}
    for row in sorted(rows, key=lambda row: (row.retried_at, row.id)):
        reached = count < SCANNED or lowest <= floors[row.id] + 1
        mine = (id_ for id_ in free if id_ > floors[row.id] and free[id_] == row.payload_digest)
        job_id = min(mine, default=None)
        if job_id is not None:
            del free[job_id]
        found[row.id] = Sight(job_id, complete=reached)
    return found


def _not_held(connection: Connection, hits: Mapping[int, str]) -> dict[int, str]:
    """Those rows of `jobs` that are not already followed as another job."""
    if not hits:
        return {}
    held = connection.execute(
        select(followed.c.job_id).where(followed.c.job_id.in_(hits), followed.c.state == WAITING)
    ).scalars()
    taken = set(held)
    return {job_id: digest for job_id, digest in hits.items() if job_id not in taken}


def failed_again(connection: Connection, rows: Sequence[Followed]) -> dict[int, Again]:
    """The new failures of these jobs, one for each at most and each for one job only.

    New is what was seen after the retry, and is not the failed job itself, put back by an undo.
    """
    if not rows:
        return {}
    f = failures.c
    known = select(followed.c.id).where(followed.c.outcome_seq == f.seq).exists()
    free = [
        Again(*found)
        for found in connection.execute(
            select(f.seq, f.failed_id, f.queue, f.payload_digest, f.error_group, f.seen_at)
            .where(
                f.payload_digest.in_({row.payload_digest for row in rows}),
                f.seq > min(row.failed_seq or 0 for row in rows),
                f.seen_at >= min(row.retried_at for row in rows),
                ~known,
            )
            .order_by(f.seq)
            .limit(FAILURES_AT_ONCE)
        )
    ]
    found: dict[int, Again] = {}
    # Who is still waited for comes before who seemed to be done.
    for row in sorted(rows, key=lambda row: (row.is_settled, row.retried_at, row.id)):
        mine = next((one for one in free if _is_of(row, one)), None)
        if mine is not None:
            free.remove(mine)
            found[row.id] = mine
    return found


def _is_of(row: Followed, failure: Again) -> bool:
    return (
        failure.payload_digest == row.payload_digest
        and failure.queue == row.queue
        and failure.seq > (row.failed_seq or 0)
        and failure.seen_at >= row.retried_at
        and failure.failed_id != row.failed_id
    )


def note(connection: Connection, changes: Mapping[Followed, Mapping[str, Any]]) -> None:
    """Write down what was found of each, where its row is still in the state it was read in."""
    alike: dict[tuple[str, tuple[tuple[str, Any], ...]], list[int]] = {}
    for row, found in changes.items():
        alike.setdefault((row.state, tuple(sorted(found.items()))), []).append(row.id)
    for (state, values), ids in alike.items():
        connection.execute(
            update(followed)
            .where(followed.c.id.in_(ids), followed.c.state == state)
            .values(**dict(values))
        )


def changed(row: Followed, values: Mapping[str, Any]) -> Followed:
    """The row with what was found of it."""
    return replace(row, **dict(values))
