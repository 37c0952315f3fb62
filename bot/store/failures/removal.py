"""That failures are gone from `failed_jobs`, noted once: in the index, its counts and incidents."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, select, update

from bot.database.dialects import force_index
from bot.models.actions import Action
from bot.queue.layouts import payload_digest
from bot.queue.moves import exactly
from bot.store.deltas import incident_deltas
from bot.store.deltas.incident_deltas import Doer
from bot.store.failures import failure_counts
from bot.store.tables import archive, audit, failures

NOBODY = Doer()
"""What stands for whoever took a failure away without the bot."""

BY_SEQ, BY_FAILED_ID = "PRIMARY", "ix_queue_bot_failures_failed_id"
"""The indexes by which failures are locked."""

ARCHIVE_INDEX = "queue_bot_archive_row"


def leave(
    connection: Connection,
    which: ColumnElement[bool],
    now: datetime,
    *,
    doer: Doer = NOBODY,
    index: str = BY_SEQ,
    gone_at: datetime | None = None,
) -> int:
    """Say of failures that they are gone; returns how many.

    By whom and how, where it is known. Their incidents and the counts will follow. `index` finds
    them, `gone_at` is when they went, if not `now`. Raises `LostRace` where another one came
    meanwhile.
    """
    leaving = failure_counts.leaving(connection, which, now, index)
    if not leaving.rows:
        return 0
    moment = gone_at or now
    incident_deltas.book(connection, leaving.incidents, doer, moment)
    # One that was indexed only just now would be gone and not counted: roll back and look again.
    exactly(connection.execute(update(failures).where(which).values(gone_at=moment)), leaving.rows)
    failure_counts.gone(connection, leaving)
    return leaving.rows


def leave_missing(connection: Connection, failed_ids: Sequence[int], now: datetime) -> int:
    """Say of failures whose rows are not in `failed_jobs` that they are gone; returns how many.

    A command that retried or deleted a job before it was indexed could not mark it. Its copy in the
    archive still says by whom and when: an undo subtracts from the incident what is booked here.
    """
    here = of_ids(failed_ids)
    same = (failures.c.failed_id == archive.c.row_id) & failures.c.gone_at.is_(None)
    same &= failures.c.payload_digest == payload_digest(archive)
    not_restored = archive.c.restored_at.is_(None) & select(failures.c.seq).where(same).exists()
    latest = {
        row_id: (at, doer)
        for (row_id, at), doer in takers(connection, failed_ids, not_restored).items()
    }
    rows = 0
    for row_id, (at, doer) in latest.items():
        rows += leave(connection, of_ids([row_id]), now, doer=doer, index=BY_FAILED_ID, gone_at=at)
    return rows + leave(connection, here, now, index=BY_FAILED_ID)


def takers(
    connection: Connection, failed_ids: Collection[int], *which: ColumnElement[bool]
) -> dict[tuple[int, datetime], Doer]:
    """Who took failed jobs one by one, by id and moment, in the order of these moments.

    A single change marks the failure and archives its row at the same moment.
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
        (copy.row_id, copy.archived_at): Doer(
            copy.action, actors.get(copy.request_id), counts_as=copy.counts_as
        )
        for copy in copies
    }


def leave_with(
    connection: Connection,
    which: ColumnElement[bool],
    stretch: ColumnElement[bool],
    doer: Doer,
    rows: int,
    now: datetime,
) -> None:
    """Say of the `rows` failures of a stretch that a bulk change took that they are gone.

    All that names the operation there is marked by this call, so that it need not be read twice.
    Raises `LostRace` where it is not so many rows.
    """
    marked = update(failures).where(which).values(gone_at=now, operation=doer.operation)
    exactly(connection.execute(marked), rows)
    taken = and_(stretch, failures.c.operation == doer.operation)
    failure_counts.gone_with(connection, taken, now)
    incident_deltas.book_all(connection, taken, doer, now)


def take_out(
    connection: Connection, failed_ids: Sequence[int], by: str, action: Action, now: datetime
) -> None:
    """Say of failures that a person's change took away by whom and how, in that transaction."""
    doer = Doer(action.name, by, counts_as=action.counts_as)
    leave(connection, of_ids(failed_ids), now, doer=doer, index=BY_FAILED_ID)


def of_ids(ids: Sequence[int]) -> ColumnElement[bool]:
    """Failures with these ids of `failed_jobs` that are not gone."""
    return failures.c.failed_id.in_(ids) & failures.c.gone_at.is_(None)
