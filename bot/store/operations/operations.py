"""Bulk changes: a frozen scope, its one-time confirmation, and how far it is.

The scope is every failure with `seq` up to a bound that matches the filter. What is not in the
index, or came later, is never touched; what is gone or changed meanwhile is counted as skipped.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    func,
    insert,
    select,
    update,
)

from bot.models.actions import CountsAs
from bot.models.operations import Preview, Scope
from bot.queue.moves import for_update
from bot.store.operations import scopes
from bot.store.tables import batches, failures, operations

CONFIRM_WITHIN = timedelta(minutes=10)
TAKEN_OVER_AFTER = timedelta(seconds=15)
TOP_GROUPS = 10
WORKING = ("running", "cancelling")
ACTIVE = (*WORKING, "waiting")
_COLUMNS = {"rate": "pace"}
"""The columns of fields that have another name."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A bulk change and how far it is.

    Its states: planned, running, waiting (for its canary), cancelling, done, cancelled, stopped.
    `bytes` are of payload and exception of all `total` rows when it was planned. `rate` is in jobs
    a minute, `canary` in jobs; without `archive` nothing of it can be undone.
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
    values: dict[str, Any] = {name: row[_COLUMNS.get(name, name)] for name in names}
    values["done"] = row["done"] if done is None else done
    values["scope"] = Scope.model_validate_json(row["scope"])
    return Operation(**values)


def _by_column(values: Mapping[str, Any]) -> dict[str, Any]:
    return {_COLUMNS.get(name, name): value for name, value in values.items()}


def freeze(connection: Connection, action: str, scope: Scope, values: dict[str, Any]) -> Preview:
    """Store a plan for what matches now and say what that is; total 0 makes no plan (id 0).

    `values` are the plan's other fields: who, where, request id, counts_as, created_at and
    expires_at.
    """
    bound = scopes.bound(connection, scope)
    within = frozen(scope, bound)
    found = scopes.parts(connection, within, bound, undo=scope.undo is not None)
    total = sum(part.rows for part in found)
    plan = 0
    if total:
        stored = connection.execute(
            insert(operations).values(
                action=action,
                scope=scope.model_dump_json(),
                queue=scope.queue,
                bound_seq=bound,
                total=total,
                bytes=sum(part.bytes for part in found),
                state="planned",
                **_by_column(values),
            )
        )
        plan = int(stored.lastrowid)
    groups = scopes.shares((part.error_group, part.rows) for part in found)
    never = datetime(1970, 1, 1)  # noqa: DTZ001 wall clock; shown by nobody, for the total is 0
    return Preview(
        plan=plan,
        action=action,
        scope=scope,
        total=total,
        bytes=sum(part.bytes for part in found),
        queues=tuple(scopes.shares((part.queue, part.rows) for part in found)),
        error_groups=tuple(groups[:TOP_GROUPS]),
        other_groups=max(0, len(groups) - TOP_GROUPS),
        oldest=min((part.oldest for part in found), default=never),
        newest=max((part.newest for part in found), default=never),
        samples=scopes.samples(connection, within) if total else (),
    )


def frozen(scope: Scope, bound: int) -> ColumnElement[bool]:
    """The condition on the index of failures for a scope that was frozen at this bound."""
    return and_(scopes.matching(scope), failures.c.seq <= bound)


def locked(connection: Connection, operation: int, *, shared: bool = False) -> Operation | None:
    """The operation, locked until the transaction ends; `shared`: only against its change.

    What it has `done` is not counted.
    """
    chosen = select(operations).where(operations.c.id == operation)
    locking = chosen.with_for_update(read=True) if shared else for_update(chosen)
    row = connection.execute(locking).mappings().first()
    return None if row is None else _operation(row)


def find(connection: Connection, operation: int) -> Operation | None:
    """The operation as it is now."""
    row = (
        connection.execute(select(operations).where(operations.c.id == operation))
        .mappings()
        .first()
    )
    if row is None or row["state"] not in ACTIVE:
        return None if row is None else _operation(row)
    # In its own row it would make the batches that are at work wait for each other.
    return _operation(row, moved(connection, operation))


def way_of(operation: Operation) -> dict[str, Any]:
    """How it goes, as far as that was chosen, by the names of the commands' arguments."""
    said = {"rate": operation.rate, "canary": operation.canary}
    kept = {} if operation.archive else {"archive": "no"}
    return {**{name: value for name, value in said.items() if value is not None}, **kept}


def by_request(connection: Connection, request_id: str) -> Operation | None:
    """The operation that this request started."""
    chosen = select(operations).where(operations.c.request_id == request_id)
    row = connection.execute(chosen.limit(1)).mappings().first()
    return None if row is None else _operation(row)


def running_on(connection: Connection, queue: str | None) -> Operation | None:
    """A bulk change that works on this queue (None: on any) right now."""
    chosen = select(operations).where(operations.c.state.in_(ACTIVE))
    if queue is not None:
        chosen = chosen.where((operations.c.queue == queue) | operations.c.queue.is_(None))
    row = connection.execute(chosen.limit(1)).mappings().first()
    return None if row is None else _operation(row)


def moved(connection: Connection, operation: int) -> int:
    """How many rows the batches of an operation have moved."""
    total = select(func.sum(batches.c.rows)).where(batches.c.operation == operation)
    return int(connection.execute(total).scalar() or 0)


def start(
    connection: Connection,
    operation: int,
    request_id: str,
    owner: str,
    now: datetime,
    **chosen: int | None,
) -> bool:
    """Use the confirmation, once and in time; False where it was used or has expired.

    `chosen` are the rate and the canary, where the confirmation says them.
    """
    result = connection.execute(
        update(operations)
        .where(
            operations.c.id == operation,
            operations.c.state == "planned",
            operations.c.expires_at >= now,
        )
        .values(
            state="running",
            request_id=request_id,
            started_at=now,
            owner=owner,
            heartbeat=now,
            **_by_column(chosen),
        )
    )
    return result.rowcount == 1


def ask_to_stop(connection: Connection, operation: Operation) -> bool:
    """Let the next batch not begin; False where the operation is not running."""
    result = connection.execute(
        update(operations)
        .where(operations.c.id == operation.id, operations.c.state.in_(("running", "waiting")))
        .values(state="cancelling")
    )
    return result.rowcount == 1


def beat(connection: Connection, operation: Operation, owner: str, now: datetime) -> None:
    """Say that the operation's owner is still at work."""
    mine = and_(operations.c.id == operation.id, operations.c.owner == owner)
    connection.execute(update(operations).where(mine).values(heartbeat=now))


def take(
    connection: Connection, owner: str, now: datetime, passing: Collection[int] = ()
) -> Operation | None:
    """A running operation of this replica, or one whose replica has made no progress for 15 s.

    Those that are to be passed over cannot go on now; they can be cancelled all the same. What was
    cancelled comes first: behind a large operation, or one that stands, it would wait for its end.
    """
    stale = operations.c.heartbeat < now - TAKEN_OVER_AFTER
    mine = operations.c.owner == owner
    row = (
        connection.execute(
            select(operations)
            .where(
                operations.c.state.in_(WORKING),
                mine | stale,
                (operations.c.state == "cancelling") | operations.c.id.not_in(passing),
            )
            .order_by(operations.c.state != "cancelling", operations.c.id)
            .limit(1)
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    taken = connection.execute(
        update(operations)
        .where(
            operations.c.id == row["id"],
            operations.c.state == row["state"],
            operations.c.owner == row["owner"],
            operations.c.heartbeat == row["heartbeat"],
        )
        .values(owner=owner, heartbeat=now)
    )
    return find(connection, row["id"]) if taken.rowcount == 1 else None


def wait_for_canary(connection: Connection, operation: Operation) -> bool:
    """Let the operation stand until its first jobs have ended; False where it does not run."""
    return _turn(connection, operation, "running", "waiting")


def waiting_for_canary(connection: Connection) -> list[int]:
    """The operations that stand until their first jobs have ended."""
    chosen = select(operations.c.id).where(operations.c.state == "waiting")
    return list(connection.execute(chosen.order_by(operations.c.id)).scalars())


def go_on(connection: Connection, operation: Operation, now: datetime) -> bool:
    """Let the operation run after its first jobs have passed; False where it does not wait."""
    return _turn(connection, operation, "waiting", "running", heartbeat=now)


def _turn(
    connection: Connection, operation: Operation, before: str, after: str, **values: Any
) -> bool:
    result = connection.execute(
        update(operations)
        .where(operations.c.id == operation.id, operations.c.state == before)
        .values(state=after, **values)
    )
    return result.rowcount == 1


def finish(
    connection: Connection,
    operation: Operation,
    state: str,
    reason: str | None,
    now: datetime,
    *,
    done: int,
    digest: str,
) -> bool:
    """End a running operation, once; False where it had ended.

    `done` rows were moved, with this digest over them. At the operation's end, what the scope held
    and was not moved had gone or changed meanwhile: skipped.
    """
    skipped = operations.c.total - done if state == "done" else 0
    result = connection.execute(
        update(operations)
        .where(operations.c.id == operation.id, operations.c.state.in_(ACTIVE))
        .values(
            state=state,
            reason=reason,
            done=done,
            skipped=skipped,
            items_digest=digest,
            finished_at=now,
        )
    )
    return result.rowcount == 1
