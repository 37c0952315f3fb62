"""Index the failures that an undo restored to `failed_jobs`.

A restored failure gets a new row in the index: a copy of the old row with a new `seq`. So no
planned scope grows, and the old row still names the removal and its time. In the incident, the new
row replaces the old row. The incident counts the failure once, and no new alert is posted.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, null, select, update

from bot.database.dialects import limit_update
from bot.queue.layouts import Queue, failed_digest
from bot.queue.moves import exactly, is_among
from bot.store.deltas import incident_deltas
from bot.store.deltas.incident_deltas import Removal
from bot.store.failures import failure_counts, subjects
from bot.store.failures.backfill import NO_INCIDENT
from bot.store.leases import lock_lease
from bot.store.tables import failures

SINGLE = 0
"""The value of `restored_by` after the undo of a single change."""


def last_seen(connection: Connection, failed_id: int, row_digest: str) -> int | None:
    """Return the last `seq` of a failed job that was removed and not restored."""
    c = failures.c
    query = select(c.seq).where(
        c.failed_id == failed_id,
        c.row_digest == row_digest,
        c.removed_at.is_not(None),
        c.restored_by.is_(None),
    )
    return connection.execute(query.order_by(c.seq.desc()).limit(1)).scalar()


def index_restored(
    connection: Connection,
    queue: Queue,
    ids: Mapping[int, int],
    now: datetime,
    undone: Removal,
    operation: int = SINGLE,
    *,
    same_ids: bool = False,
) -> None:
    """Index the failures that an undo restored; `ids` maps each `seq` to the restored row's id.

    `undone` is the removal that was undone. `operation` is the number of the bulk undo. `same_ids`:
    every row was restored under its old id.
    """
    if not ids:
        return
    # The lease makes the order of `seq` the order of commits, for every row of the index.
    lock_lease(connection, "failures")
    removed = is_among(failures.c.seq, ids)
    # A bulk undo has locked these rows already.
    counting = failure_counts.lock_and_count if operation == SINGLE else failure_counts.count
    counted = counting(connection, removed, now, "PRIMARY")
    columns = [column for column in failures.c if column.name != "seq"]
    again = select(*(_AGAIN.get(column.name, column) for column in columns))
    copies = again.where(removed)
    copied = insert(failures).from_select(
        [column.name for column in columns], copies.order_by(failures.c.seq)
    )
    exactly(connection.execute(copied), len(ids))
    if queue.subjects:
        subjects.copy_restored(connection, list(ids))
    if not same_ids:
        _rename(connection, queue, ids, now)
    # If a failure has no incident yet, only its new row may be assigned to an incident.
    values = {"restored_by": operation, "incident": func.coalesce(failures.c.incident, NO_INCIDENT)}
    # Without the limit, the UPDATE of a range would wait for a lock on the next row.
    replaced = limit_update(update(failures).where(removed).values(values), len(ids))
    connection.execute(replaced)
    failure_counts.append_restored(connection, counted)
    restored = {incident: -rows for incident, rows in counted.incidents.items()}
    incident_deltas.append(connection, restored, undone, now)


_AGAIN: Mapping[str, ColumnElement[Any]] = dict.fromkeys(
    ("removed_at", "removed_copy", "operation", "restored_by"), null()
)


def _rename(connection: Connection, queue: Queue, ids: Mapping[int, int], now: datetime) -> None:
    """Update the copies of failures that were restored under another id."""
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
