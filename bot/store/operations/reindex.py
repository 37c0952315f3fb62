"""What an undo put back into `failed_jobs`, in the index of failures.

A failure that is put back gets a new row there, a copy with a new `seq`: so no frozen scope grows
by it, and the old row keeps who removed it and when. It stays in its incident, where it stands
for the old one: the incident counts it once, and no new alert is raised.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, null, select, update

from bot.queue.layouts import Queue, failed_digest
from bot.queue.moves import exactly
from bot.store.deltas import incident_deltas
from bot.store.deltas.incident_deltas import Removal
from bot.store.failures import failure_counts
from bot.store.failures.index import NO_INCIDENT
from bot.store.leases import lock_lease
from bot.store.tables import failures

SINGLE = 0
"""What stands for the operation where a change by ids was undone."""


def last_seen(connection: Connection, failed_id: int, row_digest: str) -> int | None:
    """Return the `seq` under which a removed failed job was indexed last."""
    c = failures.c
    chosen = select(c.seq).where(
        c.failed_id == failed_id,
        c.row_digest == row_digest,
        c.removed_at.is_not(None),
        c.restored_by.is_(None),
    )
    return connection.execute(chosen.order_by(c.seq.desc()).limit(1)).scalar()


def index_restored(
    connection: Connection,
    queue: Queue,
    ids: Mapping[int, int],
    now: datetime,
    undone: Removal,
    operation: int = SINGLE,
) -> None:
    """Index failures, by `seq`, that an undo put back into `failed_jobs` under these ids.

    `undone` had removed them, `operation` is the bulk undo that put them back.
    """
    if not ids:
        return
    # In the order of commit, as all that is added to the index.
    lock_lease(connection, "failures")
    removed = failures.c.seq.in_(list(ids))
    locked = failure_counts.lock_and_count(connection, removed, now, "PRIMARY")
    columns = [column for column in failures.c if column.name != "seq"]
    again = select(*(_AGAIN.get(column.name, column) for column in columns)).where(removed)
    copied = insert(failures).from_select(
        [column.name for column in columns], again.order_by(failures.c.seq)
    )
    exactly(connection.execute(copied), len(ids))
    _rename(connection, queue, ids, now)
    connection.execute(update(failures).where(removed).values(restored_by=operation))
    # Where nobody was told of a failure yet, its new row alone will be.
    untold = and_(removed, failures.c.incident.is_(None))
    connection.execute(update(failures).where(untold).values(incident=NO_INCIDENT))
    failure_counts.append_restored(connection, locked)
    restored = {incident: -rows for incident, rows in locked.incidents.items()}
    incident_deltas.append(connection, restored, undone, now)


_AGAIN: Mapping[str, ColumnElement[Any]] = dict.fromkeys(
    ("removed_at", "operation", "restored_by"), null()
)


def _rename(connection: Connection, queue: Queue, ids: Mapping[int, int], now: datetime) -> None:
    """Point the copies of those that came back under another id to it: seen only now."""
    c = failures.c
    before = select(c.seq, c.failed_id, c.row_digest).where(c.seq.in_(list(ids)))
    for seq, failed_id, row_digest in connection.execute(before).all():
        if ids[seq] == failed_id:
            continue
        copy = select(func.max(c.seq)).where(
            c.failed_id == failed_id, c.row_digest == row_digest, c.removed_at.is_(None)
        )
        newest = connection.execute(copy).scalar_one()
        digest = select(failed_digest(queue.failed)).where(queue.failed_layout.id == ids[seq])
        values = {"row_digest": connection.execute(digest).scalar_one(), "seen_at": now}
        renamed = update(failures).where(c.seq == newest)
        connection.execute(renamed.values(failed_id=ids[seq], **values))
