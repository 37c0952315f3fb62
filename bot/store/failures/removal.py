"""That failures are gone from `failed_jobs`, noted once: in the index, its counts and incidents."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, update

from bot.models.actions import Action
from bot.queue.moves import exactly
from bot.store.deltas import incident_deltas
from bot.store.deltas.incident_deltas import Doer
from bot.store.failures import failure_counts
from bot.store.tables import failures

NOBODY = Doer()
"""What stands for whoever took a failure away without the bot."""

BY_SEQ, BY_FAILED_ID = "PRIMARY", "ix_queue_bot_failures_failed_id"
"""The indexes by which failures are locked."""


def leave(
    connection: Connection,
    which: ColumnElement[bool],
    now: datetime,
    *,
    doer: Doer = NOBODY,
    index: str = BY_SEQ,
) -> int:
    """Say of failures that they are gone; returns how many.

    By whom and how, where it is known. Their incidents and the counts will follow. `index` finds
    them. Raises `LostRace` where another one came meanwhile.
    """
    leaving = failure_counts.leaving(connection, which, now, index)
    if not leaving.rows:
        return 0
    incident_deltas.book(connection, leaving.incidents, doer, now)
    # One that was indexed only just now would be gone and not counted: roll back and look again.
    exactly(connection.execute(update(failures).where(which).values(gone_at=now)), leaving.rows)
    failure_counts.gone(connection, leaving)
    return leaving.rows


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
