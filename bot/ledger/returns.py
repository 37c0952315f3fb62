"""What an undo put back into `failed_jobs`, in the index of failures.

A failure that comes back gets a new row there, a copy with a new `seq`: so no frozen scope grows by
it, and the old row goes on telling who took it and when. It stays in its incident, so that it
raises no new alert.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from bot.ledger import failure_counts, incidents
from bot.ledger.failures import NO_INCIDENT
from bot.ledger.leases import turn
from bot.ledger.tables import failures
from bot.queue.layouts import Queue, failed_digest

SINGLE = 0
"""What stands for the operation where a change by ids was undone."""


def last_seen(connection: Connection, failed_id: int, row_digest: str) -> int | None:
    """The `seq` under which a failed job that is gone was indexed last."""
    c = failures.c
    chosen = select(c.seq).where(
        c.failed_id == failed_id,
        c.row_digest == row_digest,
        c.gone_at.is_not(None),
        c.returned_by.is_(None),
    )
    return connection.execute(chosen.order_by(c.seq.desc()).limit(1)).scalar()


def come_back(
    connection: Connection,
    queue: Queue,
    ids: Mapping[int, int],
    now: datetime,
    operation: int = SINGLE,
) -> None:
    """Say of failures that are gone, by `seq`, that they are there again under these ids.

    `operation` is the bulk undo that put them back.
    """
    if not ids:
        return
    # In the order of commit, as all that is added to the index.
    turn(connection, "failures")
    chosen = select(failures).where(failures.c.seq.in_(list(ids))).order_by(failures.c.seq)
    gone = connection.execute(chosen).mappings().all()
    moved = {ids[row["seq"]] for row in gone if ids[row["seq"]] != row["failed_id"]}
    digests = _digests(connection, queue, moved)
    connection.execute(
        insert(failures),
        [_again(row, ids[row["seq"]], digests.get(ids[row["seq"]]), now) for row in gone],
    )
    connection.execute(
        update(failures).where(failures.c.seq.in_(list(ids))).values(returned_by=operation)
    )
    _forget_untold(connection, gone)
    failure_counts.returned(connection, [dict(row) for row in gone], now)
    incidents.reopen(connection, sorted({row["incident"] for row in gone if row["incident"]}))


def _digests(connection: Connection, queue: Queue, ids: set[int]) -> dict[int, str]:
    c = queue.failed.c
    chosen = select(c.id, failed_digest(queue.failed)).where(c.id.in_(ids))
    return {row[0]: row[1] for row in connection.execute(chosen)} if ids else {}


def _again(row: RowMapping, id_: int, digest: str | None, now: datetime) -> dict[str, Any]:
    """The row's copy; one with a new id, whose `digest` is given, has been seen only now."""
    again = {name: value for name, value in row.items() if name != "seq"}
    again |= {"failed_id": id_, "gone_at": None, "operation": None, "returned_by": None}
    return again if digest is None else again | {"row_digest": digest, "seen_at": now}


def _forget_untold(connection: Connection, gone: Sequence[RowMapping]) -> None:
    """Where nobody was told of a failure yet, its new row alone will be."""
    untold = [row["seq"] for row in gone if row["incident"] is None]
    if untold:
        waiting = failures.c.seq.in_(untold) & failures.c.incident.is_(None)
        connection.execute(update(failures).where(waiting).values(incident=NO_INCIDENT))
