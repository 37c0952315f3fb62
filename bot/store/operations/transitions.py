"""The transitions of an operation: start, takeover, wait for the canary, cancel, finish.

Each statement requires the previous state, so that only one of two replicas succeeds.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, select, update

from bot.store.operations.operations import ACTIVE, AWAITING, WORKING, Operation, find
from bot.store.tables import operations

TAKEN_OVER_AFTER = timedelta(seconds=15)


def start(
    connection: Connection,
    operation: int,
    request_id: str,
    owner: str,
    now: datetime,
    **options: int | None,
) -> bool:
    """Start a planned operation; return False if it was already started or has expired.

    `options` are the rate and the canary if the confirmation sets these options.
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
            **options,
        )
    )
    return result.rowcount == 1


def await_approval(
    connection: Connection,
    operation: int,
    request_id: str,
    now: datetime,
    until: datetime,
    options: Mapping[str, int | None],
) -> bool:
    """Let a planned operation wait for approval; return False if it is used or has expired."""
    c = operations.c
    planned = and_(c.id == operation, c.state == "planned", c.expires_at >= now)
    values = {"state": AWAITING, "request_id": request_id, "expires_at": until, **options}
    return connection.execute(update(operations).where(planned).values(**values)).rowcount == 1


def approve(connection: Connection, operation: int, owner: str, now: datetime) -> bool:
    """Start an operation that waits for approval; return False if somebody decided already."""
    c = operations.c
    waits = and_(c.id == operation, c.state == AWAITING, c.expires_at >= now)
    values = {"state": "running", "started_at": now, "owner": owner, "heartbeat": now}
    return connection.execute(update(operations).where(waits).values(**values)).rowcount == 1


def close_request(connection: Connection, operation: int, state: str, now: datetime) -> bool:
    """End a request for approval as declined or expired; return False if somebody decided."""
    waits = and_(operations.c.id == operation, operations.c.state == AWAITING)
    closed = update(operations).where(waits).values(state=state, finished_at=now)
    return connection.execute(closed).rowcount == 1


def expired_requests(connection: Connection, now: datetime, most: int) -> list[int]:
    """Return operations whose approval nobody decided in time, the oldest first."""
    c = operations.c
    query = select(c.id).where(c.state == AWAITING, c.expires_at < now).order_by(c.id).limit(most)
    return list(connection.execute(query).scalars())


def ask_to_stop(connection: Connection, operation: Operation) -> bool:
    """Stop the operation before its next batch; return False if it is not running."""
    result = connection.execute(
        update(operations)
        .where(operations.c.id == operation.id, operations.c.state.in_(("running", "waiting")))
        .values(state="cancelling")
    )
    return result.rowcount == 1


def beat(connection: Connection, operation: Operation, owner: str, now: datetime) -> None:
    """Store the heartbeat: the operation's owner still works on the operation."""
    mine = and_(operations.c.id == operation.id, operations.c.owner == owner)
    connection.execute(update(operations).where(mine).values(heartbeat=now))


def take(
    connection: Connection, owner: str, now: datetime, passing: Collection[int] = ()
) -> Operation | None:
    """Claim a running operation of this replica, or an operation without a heartbeat for 15 s.

    Operations in `passing` cannot continue now, but people can cancel these operations. Cancelled
    operations come first; otherwise they would wait until a large or blocked operation ends.
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
    claimed = connection.execute(
        update(operations)
        .where(
            operations.c.id == row["id"],
            operations.c.state == row["state"],
            operations.c.owner == row["owner"],
            operations.c.heartbeat == row["heartbeat"],
        )
        .values(owner=owner, heartbeat=now)
    )
    return find(connection, row["id"]) if claimed.rowcount == 1 else None


def wait_for_canary(connection: Connection, operation: Operation) -> bool:
    """Pause the operation until its canary has outcomes; return False if it was not running."""
    return _turn(connection, operation, "running", "waiting")


def waiting_for_canary(connection: Connection) -> list[int]:
    """Return the operations that wait for their canaries."""
    query = select(operations.c.id).where(operations.c.state == "waiting")
    return list(connection.execute(query.order_by(operations.c.id)).scalars())


def go_on(connection: Connection, operation: Operation, now: datetime) -> bool:
    """Resume the operation after its canary succeeded; return False if it was not waiting."""
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
    """Finish an active operation; return False if it had already ended.

    `done` is the number of moved rows, and `digest` is their digest. If a completed operation did
    not move a row of its scope, the row was removed or changed meanwhile and counts as skipped.
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
