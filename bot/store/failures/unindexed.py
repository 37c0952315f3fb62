"""Failed jobs that the index lacks: find them, and add an entry for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from bot.queue.layouts import Queue, failed_digest
from bot.queue.reads import EXCEPTION_HEAD, PAYLOAD_HEAD
from bot.store.failures import entries
from bot.store.failures.removal import BY_FAILED_ID, mark_missing, mark_removed, of_ids
from bot.store.tables import failures

PASS_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Pass:
    """The result of a pass: the numbers of added and of removed failures, and whether more wait."""

    added: int
    removed: int
    more: bool


def unindexed_rows(
    connection: Connection, queue: Queue, low: int, high: int | None, rows: int
) -> tuple[Sequence[RowMapping], bool]:
    """Return failed jobs with an id in (low, high] whose current content the index lacks.

    Return at most `rows` jobs, and only jobs that can be parsed in `READ_SECONDS`. The second value
    says whether more jobs may be missing from the index.
    """
    layout = queue.failed_layout
    query = (
        select(
            *layout.selection(PAYLOAD_HEAD, EXCEPTION_HEAD),
            layout.text_bytes().label("bytes"),
            failed_digest(queue.failed).label("row_digest"),
            layout.payload_digest().label("payload_digest"),
        )
        .where(layout.id > low, ~is_indexed(queue))
        .order_by(layout.id)
        .limit(rows)
    )
    if high is not None:
        query = query.where(layout.id <= high)
    unindexed = connection.execute(query).mappings().all()
    part = unindexed[: entries.readable(queue, unindexed)]
    return part, len(part) == rows or len(part) < len(unindexed)


def is_indexed(queue: Queue) -> ColumnElement[bool]:
    """Return the condition for failed jobs whose current content is in the index."""
    layout = queue.failed_layout
    return (
        select(failures.c.seq)
        .where(
            failures.c.failed_id == layout.id,
            failures.c.removed_at.is_(None),
            # The first comparison is fast. The second comparison is needed if the two columns store
            # different fractions of a second.
            layout.failed_at_is(failures.c.failed_at)
            | (failures.c.row_digest == failed_digest(queue.failed)),
        )
        .exists()
    )


def add(
    connection: Connection,
    queue: Queue,
    unindexed: Sequence[RowMapping],
    now: datetime,
    *,
    incident: int | None,
) -> None:
    """Add an entry for each of these failed jobs, and mark replaced or missing jobs removed."""
    if not unindexed:
        return
    # If an id was reused, the earlier row with this id was removed.
    ids = [row["id"] for row in unindexed]
    mark_removed(connection, of_ids(ids), now, index=BY_FAILED_ID)
    entries.add(connection, queue, unindexed, now, incident)
    # Somebody may have retried or deleted a job between the read and the insert. A change after the
    # insert waits for this transaction and marks the failure itself. A change that searched for
    # the failure before the insert and commits now is the exception: the scan marks that failure.
    column = queue.failed_layout.id
    present = set(connection.execute(select(column).where(column.in_(ids))).scalars())
    if missing := [id_ for id_ in ids if id_ not in present]:
        mark_missing(connection, missing, now)
