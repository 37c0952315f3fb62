"""The bot's index of what failed: filled once per failure, after the failure's commit.

All grouping, finding, counting and freezing reads this table. `seq` is assigned by one pass at a
time (its turn is a row lock), so the order of `seq` is the order of commit: what is committed later
always has a greater one. New failures are found above a settled mark, because id order is not
commit order, and a rolling scan finds the rest: a late commit with an old id, a row that is gone,
an id that came back with another content.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, func, select

from bot.queue.layouts import Queue, failed_digest, payload_digest
from bot.queue.reads import EXCEPTION_HEAD, PAYLOAD_HEAD
from bot.store.cursors import position, set_position
from bot.store.failures import entries
from bot.store.failures.removal import BY_FAILED_ID, mark_missing, mark_removed, of_ids
from bot.store.leases import lock_lease
from bot.store.tables import failures

PASS_ROWS = 1_000
SCAN_ROWS = 10_000
CAUGHT_UP_ROWS = 20_000
SETTLED_AFTER = timedelta(minutes=10)
"""No transaction of a worker stays open this long; ids seen longer ago are in commit order."""

NO_INCIDENT = 0
"""What stands for the incident of what failed before the bot began."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass changed: failures added and marked removed, and whether more are waiting."""

    added: int
    removed: int
    more: bool


Step = Callable[[Connection, Queue, datetime], Pass]


def index_new(connection: Connection, queue: Queue, now: datetime, rows: int = PASS_ROWS) -> Pass:
    """Add up to `rows` failures that are not in the index yet."""
    lock_lease(connection, "failures")
    if position(connection, "backfill_end") < 0:
        _begin_backfill(connection, queue)
    if position(connection, "backfill") < position(connection, "backfill_end"):
        return _backfill(connection, queue, now, rows)
    settled = _settled_cursor(connection, queue, now)
    found, more = _missing(connection, queue, settled, None, rows)
    _add(connection, queue, found, now, incident=None)
    return Pass(added=len(found), removed=0, more=more)


def scan(connection: Connection, queue: Queue, now: datetime, rows: int = SCAN_ROWS) -> Pass:
    """Compare the next stretch of ids with the index, both ways; starts over at the end."""
    lock_lease(connection, "failures")
    if position(connection, "backfill") < position(connection, "backfill_end"):
        return Pass(0, 0, more=False)
    low = position(connection, "scan")
    high = _end_of_stretch(connection, queue, low, rows)
    removed, high = _mark_missing(connection, queue, low, high, now, rows)
    found, more = _missing(connection, queue, low, high, PASS_ROWS)
    _add(connection, queue, found, now, incident=None)
    if not more:
        set_position(connection, "scan", 0 if high is None else high)
    return Pass(added=len(found), removed=removed, more=more)


def backfill_left(connection: Connection) -> bool:
    """Whether failures from before the first start are still being read in."""
    end = position(connection, "backfill_end")
    return end < 0 or position(connection, "backfill") < end


def _begin_backfill(connection: Connection, queue: Queue) -> None:
    highest = connection.execute(select(func.max(queue.failed_layout.id))).scalar() or 0
    set_position(connection, "backfill", 0)
    set_position(connection, "backfill_end", highest)


def _backfill(connection: Connection, queue: Queue, now: datetime, rows: int) -> Pass:
    low, end = position(connection, "backfill"), position(connection, "backfill_end")
    found, more = _missing(connection, queue, low, end, rows)
    _add(connection, queue, found, now, incident=NO_INCIDENT)
    reached = found[-1]["id"] if more else end
    set_position(connection, "backfill", reached)
    if reached == end:
        set_position(connection, "settled", _settled_at_first(connection, queue, end, now))
    return Pass(added=len(found), removed=0, more=True)


def _settled_at_first(connection: Connection, queue: Queue, end: int, now: datetime) -> int:
    """The id up to which everything failed long ago, by its own clock.

    Without it each pass of the first ten minutes would read a backlog of a million again.
    """
    long_ago = queue.wall_clock(now - SETTLED_AFTER)
    young = connection.execute(
        select(func.min(failures.c.failed_id)).where(failures.c.failed_at >= long_ago)
    ).scalar()
    return end if young is None else young - 1


def _settled_cursor(connection: Connection, queue: Queue, now: datetime) -> int:
    settled = position(connection, "settled")
    highest = connection.execute(select(func.max(queue.failed_layout.id))).scalar() or 0
    if highest < settled:
        settled = highest
        if not _is_known(connection, queue, highest):
            # The ids started over (TRUNCATE): all is new, and what was seen before settles nothing.
            settled = 0
            set_position(connection, "ids_since", connection.execute(_LAST_SEQ).scalar() or 0)
        set_position(connection, "settled", settled)
    c = failures.c
    # Removed failures count, too: that an id was seen long ago settles all below it.
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


_LAST_SEQ = select(func.max(failures.c.seq))


def _is_known(connection: Connection, queue: Queue, failed_id: int) -> bool:
    id_ = queue.failed_layout.id
    known = select(failures.c.seq).where(
        id_ == failed_id,
        failures.c.failed_id == id_,
        failures.c.removed_at.is_(None),
        failures.c.row_digest == failed_digest(queue.failed),
    )
    return connection.execute(known).first() is not None


def _missing(
    connection: Connection, queue: Queue, low: int, high: int | None, rows: int
) -> tuple[Sequence[RowMapping], bool]:
    """Failed jobs with an id in (low, high] that the index does not hold, or holds otherwise.

    At most so many, and only as many as can be read in a short time; and whether there may be more.
    """
    layout = queue.failed_layout
    known = (
        select(failures.c.seq)
        .where(
            failures.c.failed_id == layout.id,
            failures.c.removed_at.is_(None),
            # The first is quick; the second holds for any column that keeps less or more of a time.
            (failures.c.failed_at == layout.failed_at)
            | (failures.c.row_digest == failed_digest(queue.failed)),
        )
        .exists()
    )
    chosen = (
        select(
            *layout.selection(PAYLOAD_HEAD, EXCEPTION_HEAD),
            layout.text_bytes().label("bytes"),
            failed_digest(queue.failed).label("row_digest"),
            payload_digest(queue.failed).label("payload_digest"),
        )
        .where(layout.id > low, ~known)
        .order_by(layout.id)
        .limit(rows)
    )
    if high is not None:
        chosen = chosen.where(layout.id <= high)
    found = connection.execute(chosen).mappings().all()
    part = found[: entries.readable(found)]
    return part, len(part) == rows or len(part) < len(found)


def _add(
    connection: Connection,
    queue: Queue,
    found: Sequence[RowMapping],
    now: datetime,
    *,
    incident: int | None,
) -> None:
    if not found:
        return
    # An id that came back: the row that had it before was removed.
    ids = [row["id"] for row in found]
    mark_removed(connection, of_ids(ids), now, index=BY_FAILED_ID)
    entries.add(connection, queue, found, now, incident)
    # Somebody may have retried or deleted one between the read and the insert. From here on their
    # change waits for this transaction and marks the failure itself, except one that is about to
    # commit and looked for the failure before the insert: the scan finds that one.
    column = queue.failed_layout.id
    there = set(connection.execute(select(column).where(column.in_(ids))).scalars())
    if taken := [id_ for id_ in ids if id_ not in there]:
        mark_missing(connection, taken, now)


def _end_of_stretch(connection: Connection, queue: Queue, low: int, rows: int) -> int | None:
    id_ = queue.failed_layout.id
    ids = select(id_).where(id_ > low).order_by(id_)
    return connection.execute(ids.offset(rows - 1).limit(1)).scalar()


def _mark_missing(
    connection: Connection, queue: Queue, low: int, high: int | None, now: datetime, rows: int
) -> tuple[int, int | None]:
    """Mark missing failures of a stretch removed, `rows` at most; return how many, and its end."""
    id_ = queue.failed_layout.id
    there = (
        select(id_)
        .where(id_ == failures.c.failed_id, failed_digest(queue.failed) == failures.c.row_digest)
        .exists()
    )
    here = failures.c.removed_at.is_(None)
    stretch = (failures.c.failed_id > low) & here & ~there
    if high is not None:
        stretch &= failures.c.failed_id <= high
    # Read without a lock first: a stretch holds thousands of rows, and hardly ever one to mark. At
    # most so many, for of an emptied table all are missing at once.
    found = connection.execute(
        select(failures.c.seq, failures.c.failed_id)
        .where(stretch)
        .order_by(failures.c.failed_id)
        .limit(rows)
    ).all()
    if not found:
        return 0, high
    ended = found[-1].failed_id if len(found) == rows else high
    return mark_missing(connection, [row.failed_id for row in found], now), ended


def catch_up(
    connection: Connection, queue: Queue, now: datetime, rows: int = CAUGHT_UP_ROWS
) -> bool:
    """Index what failed until now, before a scope is frozen; False while the backfill runs."""
    added = 0
    while added < rows:
        found = index_new(connection, queue, now)
        if not found.more:
            return True
        added += max(1, found.added)
    return not backfill_left(connection)


def by_seqs(connection: Connection, seqs: Sequence[int]) -> dict[int, RowMapping]:
    """Return the failures with these `seq`, removed or not."""
    if not seqs:
        return {}
    chosen = select(failures).where(failures.c.seq.in_(seqs))
    return {row["seq"]: row for row in connection.execute(chosen).mappings()}
