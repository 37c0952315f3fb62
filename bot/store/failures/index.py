"""The index of failures: after a failure's commit, the bot adds one entry for the failure.

Grouping, searching, counting and planning read this table. A row lock lets only one pass at a time
assign `seq`, so a later commit always has a greater `seq`. The order of ids is not the order of
commits; therefore a pass searches for new failures above an old id, the cursor `settled`. A rolling
scan finds late commits with lower ids, removed rows, and reused ids with other content.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from bot.queue.layouts import Queue, failed_digest
from bot.store.cursors import position, reset, set_position
from bot.store.failures import regrouping
from bot.store.failures.backfill import (
    LAST_SEQ,
    SETTLED_AFTER,
    backfill,
    backfill_left,
    begin_backfill,
    highest_known,
    limit_backfill,
)
from bot.store.failures.unindexed import PASS_ROWS, Pass, add, is_indexed, unindexed_rows
from bot.store.leases import lock_lease
from bot.store.tables import failures

CAUGHT_UP_ROWS = 20_000


Step = Callable[[Connection, Queue, datetime], Pass]


def index_new(connection: Connection, queue: Queue, now: datetime, rows: int = PASS_ROWS) -> Pass:
    """Add up to `rows` failures that are not in the index yet."""
    lock_lease(connection, "failures")
    if regrouping.name_groups(connection, queue, now):
        # Otherwise a new failure would create a second group beside the group with the old name.
        return Pass(added=0, removed=0, more=True)
    if position(connection, "backfill_end") < 0:
        begin_backfill(connection, queue, now)
    limit_backfill(connection, queue, now)
    if position(connection, "backfill") < position(connection, "backfill_end"):
        return backfill(connection, queue, now, rows)
    settled = _settled_cursor(connection, queue, now)
    unindexed, more = unindexed_rows(connection, queue, settled, None, rows)
    add(connection, queue, unindexed, now, incident=None)
    return Pass(added=len(unindexed), removed=0, more=more)


def has_new(connection: Connection, queue: Queue, settled: int) -> bool:
    """Return whether `index_new` would change rows. This takes one statement and no lock.

    `settled` is the position of the cursor `settled`. All ids above this position are compared with
    the index, so that a late commit is noticed even if its id is not the highest.
    """
    id_ = queue.failed_layout.id
    unindexed = select(id_).where(id_ > settled, ~is_indexed(queue)).exists()
    highest = func.coalesce(select(func.max(id_)).scalar_subquery(), 0)
    return bool(connection.execute(select(or_(unindexed, highest < settled))).scalar_one())


def _settled_cursor(connection: Connection, queue: Queue, now: datetime) -> int:
    settled = position(connection, "settled")
    highest = connection.execute(select(func.max(queue.failed_layout.id))).scalar() or 0
    last_seq = connection.execute(LAST_SEQ).scalar() or 0
    if position(connection, "ids_since") > last_seq:
        reset(connection, "ids_since", last_seq, now)
    if highest < settled:
        if settled > highest_known(connection, queue):
            # No id was ever so high. So no row was removed; somebody moved the cursor.
            reset(connection, "settled", highest, now)
        settled = highest
        if not _is_known(connection, queue, highest):
            # The ids restarted at 1 (TRUNCATE): all rows are new, and earlier ids prove no order.
            settled = 0
            set_position(connection, "ids_since", last_seq)
        set_position(connection, "settled", settled)
    c = failures.c
    # Removed failures count too: if an id was seen 10 min ago, all lower ids are committed.
    old = connection.execute(
        select(c.failed_id)
        .where(
            c.failed_id.between(settled + 1, highest),
            c.seen_at < now - SETTLED_AFTER,
            c.seq > position(connection, "ids_since"),
        )
        .order_by(c.failed_id.desc())
        .limit(1)
    ).scalar()
    if old is None:
        return settled
    set_position(connection, "settled", old)
    return int(old)


def _is_known(connection: Connection, queue: Queue, failed_id: int) -> bool:
    id_ = queue.failed_layout.id
    indexed = select(failures.c.seq).where(
        id_ == failed_id,
        failures.c.failed_id == id_,
        failures.c.removed_at.is_(None),
        failures.c.row_digest == failed_digest(queue.failed),
    )
    return connection.execute(indexed).first() is not None


def catch_up(
    connection: Connection, queue: Queue, now: datetime, rows: int = CAUGHT_UP_ROWS
) -> bool:
    """Index all failures before a plan is made; return False while the backfill runs."""
    if regrouping.is_naming(connection):
        return False
    added = 0
    while added < rows:
        result = index_new(connection, queue, now)
        if not result.more:
            return True
        added += max(1, result.added)
    return not backfill_left(connection)
