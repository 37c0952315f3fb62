"""Take the removed failures out of the index of failures that are not removed.

A change that removes failures sets `removed_at`, which is in no database index. Here a cursor walks
over the failures that the index still has, and copies `removed_at` of the removed ones to the
column of the index. Until then, queries that use the index also read these failures, and skip them.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, select, update

from bot.database.dialects import force_index, update_by_index
from bot.queue.moves import is_among
from bot.store.cursors import position, set_position
from bot.store.failures.removal import BY_SEQ
from bot.store.tables import SCOPE_INDEX, failures

CURSOR = "removed_copied"
PASS_ROWS, COPIED_ROWS = 10_000, 4_000
"""The most failures that a pass reads, and that it copies in its transaction: in about 50 ms."""
COPIED_AT_ONCE = 500


def copy_removed(
    connection: Connection, rows: int = PASS_ROWS, copied_rows: int = COPIED_ROWS
) -> int:
    """Copy `removed_at` of the next removed failures; return their number.

    The pass after the last failure restarts at the first one. The caller holds the watcher's lease.
    """
    c = failures.c
    low = position(connection, CURSOR)
    indexed = select(c.seq).where(c.removed_copy.is_(None), c.seq > low).order_by(c.seq)
    indexed = force_index(indexed, failures, SCOPE_INDEX)
    high = connection.execute(indexed.offset(rows - 1).limit(1)).scalar()
    removed = indexed.where(c.removed_at.is_not(None))
    if high is not None:
        removed = removed.where(c.seq <= high)
    # This read takes no lock, so it waits for no bulk change. A removed failure stays removed.
    seqs = connection.execute(removed.limit(copied_rows)).scalars().all()
    if len(seqs) == copied_rows:
        high = seqs[-1]
    for start in range(0, len(seqs), COPIED_AT_ONCE):
        _copy(connection, seqs[start : start + COPIED_AT_ONCE])
    if low != (high or 0):
        set_position(connection, CURSOR, high or 0)
    return len(seqs)


def _copy(connection: Connection, seqs: Sequence[int]) -> None:
    c = failures.c
    which = and_(is_among(c.seq, seqs), c.removed_copy.is_(None), c.removed_at.is_not(None))
    # By the key, the server locks only these rows. Of the bulk changes, only an undo locks failures
    # that are removed already.
    copied = update(failures).where(which).values(removed_copy=c.removed_at)
    connection.execute(update_by_index(copied, BY_SEQ))
