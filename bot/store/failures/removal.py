"""Mark failures as removed, each failure once, in the index, its counts and the incidents."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, select, update

from bot.database.dialects import force_index, update_by_index
from bot.models.actions import Action
from bot.queue.moves import exactly
from bot.store.deltas import incident_deltas
from bot.store.deltas.incident_deltas import Removal
from bot.store.failures import failure_counts
from bot.store.restored_copies import not_restored
from bot.store.tables import archive, audit, failures

WITHOUT_BOT = Removal()
"""The removal of failures that disappeared without the bot."""

BY_SEQ, BY_FAILED_ID = "PRIMARY", "ix_queue_bot_failures_failed_id"
"""The database indexes through which failures are found and locked."""

ARCHIVE_INDEX = "queue_bot_archive_row"


def mark_removed(
    connection: Connection,
    which: ColumnElement[bool],
    now: datetime,
    *,
    removal: Removal = WITHOUT_BOT,
    index: str = BY_SEQ,
    removed_at: datetime | None = None,
) -> int:
    """Mark failures as removed, append deltas of the counts and incidents; return their number.

    The server finds the failures through `index`. `removed_at` is the time of the removal; without
    it, `now` is used. Raises `LostRace` if another failure was added meanwhile.
    """
    locked = failure_counts.lock_and_count(connection, which, now, index)
    if not locked.rows:
        return 0
    moment = removed_at or now
    incident_deltas.append(connection, locked.incidents, removal, moment)
    # A failure that was indexed after the count would be marked but not counted; so roll back.
    marked = connection.execute(update(failures).where(which).values(removed_at=moment))
    exactly(marked, locked.rows)
    failure_counts.append_removed(connection, locked)
    return locked.rows


def mark_missing(connection: Connection, failed_ids: Sequence[int], now: datetime) -> int:
    """Mark as removed the failures that have no row in `failed_jobs`; return their number.

    A command may retry or delete a job before the job is indexed, and cannot mark the failure then.
    The archived row has the action and the time, and its audit record has the actor. A later undo
    needs these values to subtract an equal delta from the incident.
    """
    present = of_ids(failed_ids)
    same = (failures.c.failed_id == archive.c.row_id) & failures.c.removed_at.is_(None)
    same &= failures.c.payload_digest == archive.c.payload_digest
    unmarked = not_restored() & select(failures.c.seq).where(same).exists()
    latest = {
        row_id: (at, removal)
        for (row_id, at), removal in single_removals(connection, failed_ids, unmarked).items()
    }
    rows = 0
    for row_id, (at, removal) in latest.items():
        rows += mark_removed(
            connection,
            of_ids([row_id]),
            now,
            removal=removal,
            index=BY_FAILED_ID,
            removed_at=at,
        )
    return rows + mark_removed(connection, present, now, index=BY_FAILED_ID)


def single_removals(
    connection: Connection, failed_ids: Collection[int], *which: ColumnElement[bool]
) -> dict[tuple[int, datetime], Removal]:
    """Return the single removals of failed jobs by id and time, the oldest first.

    A single change stores one time both in the marked failure and in the archived row.
    """
    a, u = archive.c, audit.c
    copied = (
        select(a.row_id, a.archived_at, a.action, a.counts_as, a.request_id)
        .where(a.kind == "failed", a.row_id.in_(failed_ids), a.action != "undo", *which)
        .order_by(a.id)
    )
    copies = connection.execute(force_index(copied, archive, ARCHIVE_INDEX)).all()
    requests = {copy.request_id for copy in copies}
    committed = select(u.request_id, u.actor).where(u.request_id.in_(requests), u.outcome == "ok")
    actors = {row.request_id: row.actor for row in connection.execute(committed)}
    return {
        (copy.row_id, copy.archived_at): Removal(
            copy.action, actors.get(copy.request_id), counts_as=copy.counts_as
        )
        for copy in copies
    }


def mark_batch_removed(
    connection: Connection,
    which: ColumnElement[bool],
    seq_range: ColumnElement[bool],
    removal: Removal,
    rows: int,
    now: datetime,
) -> None:
    """Mark as removed the `rows` failures that a batch of a bulk change moved.

    In the batch's range, this call marked every failure that names the operation. So the counts
    need no second search for the failures. Raises `LostRace` if it did not mark exactly
    `rows` failures.
    """
    marked = update(failures).where(which).values(removed_at=now, operation=removal.operation)
    # Otherwise the server may read by the index for scopes, and then looks up each row by its key.
    exactly(connection.execute(update_by_index(marked, BY_SEQ)), rows)
    of_batch = and_(seq_range, failures.c.operation == removal.operation)
    failure_counts.append_removed_batch(connection, of_batch, now)
    incident_deltas.append_batch(connection, of_batch, removal, now)


def mark_removed_by(
    connection: Connection, failed_ids: Sequence[int], actor: str, action: Action, now: datetime
) -> None:
    """Mark the failures that a person's command removes, in the command's transaction."""
    removal = Removal(action.name, actor, counts_as=action.counts_as)
    mark_removed(connection, of_ids(failed_ids), now, removal=removal, index=BY_FAILED_ID)


def of_ids(ids: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition for failures with these `failed_jobs` ids that are not removed."""
    return failures.c.failed_id.in_(ids) & failures.c.removed_at.is_(None)
