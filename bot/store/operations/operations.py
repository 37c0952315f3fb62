"""Operations (bulk changes): a fixed scope, its one-time confirmation, and its progress.

The scope is every failure that matches the filter and has a `seq` up to a bound. An operation never
changes later failures or jobs outside the index. It skips jobs that were removed or changed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, case, func, insert, or_, select

from bot.models.actions import CountsAs
from bot.models.operations import Preview, Progress, Scope
from bot.models.retry_outcomes import Outcomes
from bot.queue.moves import for_update
from bot.store.operations import scopes
from bot.store.tables import batches, failures, operations, tracked_jobs

CONFIRM_WITHIN = timedelta(minutes=10)
TOP_GROUPS = 10
AWAITING = "awaiting"
"""The state of a confirmed operation that waits for the approval of a second person."""
UNAPPROVED = (AWAITING, "declined", "expired")
WORKING = ("running", "cancelling")
ACTIVE = (*WORKING, "waiting")


@dataclass(frozen=True, slots=True)
class Operation:
    """A bulk change and its progress.

    The states are planned, awaiting (approval), declined, expired, running, waiting (for the
    canary), cancelling, done, cancelled, stopped.
    `bytes` is the size of the payloads and exceptions of all `total` rows when the plan was made.
    `rate` is in jobs per minute, `canary` in jobs. Without `archive`, no undo is possible.
    """

    id: int
    action: str
    counts_as: CountsAs | None
    scope: Scope
    bound_seq: int
    total: int
    bytes: int
    state: str
    actor: str
    team: str | None
    source: str
    detail: str | None
    channel: str | None
    request_id: str
    expires_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    owner: str | None
    done: int
    skipped: int
    items_digest: str
    reason: str | None
    rate: int | None
    canary: int | None
    archive: bool


def _operation(row: RowMapping, done: int | None = None) -> Operation:
    names = Operation.__dataclass_fields__.keys()
    values: dict[str, Any] = {name: row[name] for name in names}
    values["done"] = row["done"] if done is None else done
    values["scope"] = Scope.model_validate_json(row["scope"])
    return Operation(**values)


def create_plan(
    connection: Connection, action: str, scope: Scope, values: dict[str, Any]
) -> Preview:
    """Store a plan for the failures that match now, and return the plan's preview.

    If no failure matches, no plan is stored and the preview's plan id is 0. `values` are the plan's
    other fields: person, place, request id, counts_as, created_at and expires_at.
    """
    bound = scopes.bound(connection, scope)
    within = frozen(scope, bound)
    parts = scopes.parts(connection, within, bound, undo=scope.undo is not None)
    total = sum(part.rows for part in parts)
    plan = 0
    if total:
        stored = connection.execute(
            insert(operations).values(
                action=action,
                scope=scope.model_dump_json(),
                queue=scope.queue,
                bound_seq=bound,
                total=total,
                bytes=sum(part.bytes for part in parts),
                state="planned",
                **values,
            )
        )
        plan = int(stored.lastrowid)
    groups = scopes.shares((part.error_group, part.rows) for part in parts)
    never = datetime(1970, 1, 1)  # noqa: DTZ001 wall clock; never shown, because the total is 0
    return Preview(
        plan=plan,
        action=action,
        scope=scope,
        total=total,
        bytes=sum(part.bytes for part in parts),
        queues=tuple(scopes.shares((part.queue, part.rows) for part in parts)),
        error_groups=tuple(groups[:TOP_GROUPS]),
        other_groups=max(0, len(groups) - TOP_GROUPS),
        oldest=min((part.oldest for part in parts), default=never),
        newest=max((part.newest for part in parts), default=never),
        samples=scopes.samples(connection, within) if total else (),
    )


def frozen(scope: Scope, bound: int) -> ColumnElement[bool]:
    """Return the condition on the index of failures for a scope with this bound."""
    return and_(scopes.matching(scope), failures.c.seq <= bound)


def locked(connection: Connection, operation: int, *, shared: bool = False) -> Operation | None:
    """Lock the operation until the transaction ends and return it; `shared` means a shared lock.

    The `done` in the result is the stored number, which is 0 until the operation ends.
    """
    query = select(operations).where(operations.c.id == operation)
    locking = query.with_for_update(read=True) if shared else for_update(query)
    row = connection.execute(locking).mappings().first()
    return None if row is None else _operation(row)


def find(connection: Connection, operation: int) -> Operation | None:
    """Return the operation with its current progress."""
    row = (
        connection.execute(select(operations).where(operations.c.id == operation))
        .mappings()
        .first()
    )
    if row is None or row["state"] not in ACTIVE:
        return None if row is None else _operation(row)
    # The current count is not stored in the operation's row, because running batches would wait
    # for each other's lock on that row.
    return _operation(row, moved(connection, operation))


def way_of(operation: Operation) -> dict[str, Any]:
    """Return the bulk options that were set for the operation, by the arguments' names."""
    numbers = {"rate": operation.rate, "canary": operation.canary}
    archive = {} if operation.archive else {"archive": "no"}
    return {**{name: value for name, value in numbers.items() if value is not None}, **archive}


def by_request(connection: Connection, request_id: str) -> Operation | None:
    """Return the operation that this request started."""
    query = select(operations).where(operations.c.request_id == request_id)
    row = connection.execute(query.limit(1)).mappings().first()
    return None if row is None else _operation(row)


def running_on(connection: Connection, queue: str | None) -> Operation | None:
    """Return an active operation on this queue (None: on any queue)."""
    query = select(operations).where(operations.c.state.in_(ACTIVE))
    if queue is not None:
        query = query.where((operations.c.queue == queue) | operations.c.queue.is_(None))
    row = connection.execute(query.limit(1)).mappings().first()
    return None if row is None else _operation(row)


def retried_since(connection: Connection, actor: str, since: datetime) -> int:
    """Return how many failed jobs a person has retried, by id and in bulk, since `since`.

    An active bulk change, and one that waits for approval, count with all their rows.
    """
    o, t = operations.c, tracked_jobs.c
    rows = case((o.state.in_((*ACTIVE, AWAITING)), o.total), else_=o.done)
    in_bulk = select(func.coalesce(func.sum(rows), 0)).where(
        or_(o.started_at > since, o.state == AWAITING), o.actor == actor, o.counts_as == "retried"
    )
    by_id = select(func.count()).where(
        t.retried_at > since, t.actor == actor, t.operation.is_(None)
    )
    total = in_bulk.scalar_subquery() + by_id.scalar_subquery()
    return int(connection.execute(select(total)).scalar_one())


def moved(connection: Connection, operation: int) -> int:
    """Return the number of rows that the batches of an operation have moved."""
    total = select(func.sum(batches.c.rows)).where(batches.c.operation == operation)
    return int(connection.execute(total).scalar() or 0)


def progress_of(
    operation: Operation, now: datetime, job_outcomes: Outcomes | None = None
) -> Progress:
    """Return the progress of an operation, with its jobs' outcomes, as views show it."""
    started = operation.started_at or now
    is_request = operation.state in UNAPPROVED
    return Progress(
        operation=operation.id,
        action=operation.action,
        state=operation.state,
        total=operation.total,
        done=operation.done,
        skipped=operation.skipped,
        actor=operation.actor,
        seconds=int(((operation.finished_at or now) - started).total_seconds()),
        reason=operation.reason,
        kept=operation.archive,
        outcomes=job_outcomes,
        rate=operation.rate,
        scope=operation.scope if is_request else None,
        until=operation.expires_at if is_request else None,
    )
