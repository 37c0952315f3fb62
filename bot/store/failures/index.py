"""The index of failures: after a failure's commit, the bot adds one entry for the failure.

Grouping, searching, counting and planning read this table. A row lock lets only one pass at a time
assign `seq`, so a later commit always has a greater `seq`. The order of ids is not the order of
commits; therefore a pass searches for new failures above an old id, the cursor `settled`. A rolling
scan finds late commits with lower ids, removed rows, and reused ids with other content.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, func, or_, select

from bot.models.subjects import SubjectKey
from bot.queue.layouts import Queue, failed_digest
from bot.queue.reads import EXCEPTION_HEAD, PAYLOAD_HEAD
from bot.store.cursors import position, positions, reset, set_position
from bot.store.failures import entries, regrouping, relabeling, subjects
from bot.store.failures.removal import BY_FAILED_ID, mark_missing, mark_removed, of_ids
from bot.store.leases import lock_lease
from bot.store.tables import failures
from bot.wall_clock import unix

PASS_ROWS = 1_000
SCAN_ROWS = 10_000
CAUGHT_UP_ROWS = 20_000
SETTLED_AFTER = timedelta(minutes=10)
"""No transaction of a worker lasts this long. So when an id was seen this long ago, all lower ids
are committed."""

NO_INCIDENT = 0
"""The `incident` of jobs that failed before the bot's first start."""


@dataclass(frozen=True, slots=True)
class Pass:
    """The result of a pass: the numbers of added and of removed failures, and whether more wait."""

    added: int
    removed: int
    more: bool


Step = Callable[[Connection, Queue, datetime], Pass]


def index_new(connection: Connection, queue: Queue, now: datetime, rows: int = PASS_ROWS) -> Pass:
    """Add up to `rows` failures that are not in the index yet."""
    lock_lease(connection, "failures")
    if regrouping.name_groups(connection, queue, now):
        # Otherwise a new failure would create a second group beside the group with the old name.
        return Pass(added=0, removed=0, more=True)
    if position(connection, "backfill_end") < 0:
        _begin_backfill(connection, queue, now)
    _limit_backfill(connection, queue, now)
    if position(connection, "backfill") < position(connection, "backfill_end"):
        return _backfill(connection, queue, now, rows)
    settled = _settled_cursor(connection, queue, now)
    unindexed, more = _missing(connection, queue, settled, None, rows)
    _add(connection, queue, unindexed, now, incident=None)
    return Pass(added=len(unindexed), removed=0, more=more)


def has_new(connection: Connection, queue: Queue, settled: int) -> bool:
    """Return whether `index_new` would change rows. This takes one statement and no lock.

    `settled` is the position of the cursor `settled`. All ids above this position are compared with
    the index, so that a late commit is noticed even if its id is not the highest.
    """
    id_ = queue.failed_layout.id
    unindexed = select(id_).where(id_ > settled, ~_indexed(queue)).exists()
    highest = func.coalesce(select(func.max(id_)).scalar_subquery(), 0)
    return bool(connection.execute(select(or_(unindexed, highest < settled))).scalar_one())


def scan(connection: Connection, queue: Queue, now: datetime, rows: int = SCAN_ROWS) -> Pass:
    """Compare the next range of ids with the index; restart after the last id.

    The scan adds failures that the index lacks, and marks failures that `failed_jobs` lacks.
    """
    lock_lease(connection, "failures")
    reached = positions(connection, "backfill", "backfill_end", "scan")
    if reached["backfill"] < reached["backfill_end"] or regrouping.is_naming(connection):
        return Pass(0, 0, more=False)
    low = reached["scan"]
    high = _end_of_stretch(connection, queue, low, rows)
    if high is None and low > _highest_known(connection, queue):
        reset(connection, "scan", 0, now)
        return Pass(0, 0, more=True)
    removed, high = _mark_missing(connection, queue, low, high, now, rows)
    unindexed, more = _missing(connection, queue, low, high, PASS_ROWS)
    _add(connection, queue, unindexed, now, incident=None)
    if not more and low != (high or 0):
        set_position(connection, "scan", high or 0)
    return Pass(added=len(unindexed), removed=removed, more=more)


def backfill_left(connection: Connection) -> bool:
    """Return whether the backfill of failures from before the first start is unfinished."""
    reached = positions(connection, "backfill", "backfill_end")
    return reached["backfill_end"] < 0 or reached["backfill"] < reached["backfill_end"]


def _begin_backfill(connection: Connection, queue: Queue, now: datetime) -> None:
    highest = connection.execute(select(func.max(queue.failed_layout.id))).scalar() or 0
    set_position(connection, "backfill", 0)
    if connection.execute(_LAST_SEQ).scalar() is None:
        set_position(connection, relabeling.CURRENT, queue.subjects_version)
    set_position(connection, "backfill_began", unix(now))
    set_position(connection, "backfill_end", highest)


def _limit_backfill(connection: Connection, queue: Queue, now: datetime) -> None:
    """Reset the backfill's end if it is above every known id, because somebody moved the cursor.

    Otherwise the backfill would index new failures without an alert.
    """
    reached, end = position(connection, "backfill"), position(connection, "backfill_end")
    if reached < end and end > (known := _highest_known(connection, queue)):
        # The end of the backfill sets `settled` for the first time.
        is_done = position(connection, "settled") > 0
        reset(connection, "backfill_end", reached if is_done else known, now)


def _highest_known(connection: Connection, queue: Queue) -> int:
    """Return the highest id among the failed jobs and the entries of the index."""
    id_ = select(func.max(queue.failed_layout.id))
    indexed = select(func.max(failures.c.failed_id))
    return max(connection.execute(query).scalar() or 0 for query in (id_, indexed))


def _backfill(connection: Connection, queue: Queue, now: datetime, rows: int) -> Pass:
    low, end = position(connection, "backfill"), position(connection, "backfill_end")
    unindexed, more = _missing(connection, queue, low, end, rows)
    _add(connection, queue, unindexed, now, incident=NO_INCIDENT)
    reached = unindexed[-1]["id"] if more else end
    set_position(connection, "backfill", reached)
    if reached == end:
        set_position(connection, "settled", _settled_at_first(connection, queue, end, now))
    return Pass(added=len(unindexed), removed=0, more=True)


def _settled_at_first(connection: Connection, queue: Queue, end: int, now: datetime) -> int:
    """Return the id up to which the `failed_at` of all jobs is at least 10 min old.

    Otherwise each pass of the first 10 min would compare a backlog of a million jobs again.
    """
    long_ago = queue.wall_clock(now - SETTLED_AFTER)
    young = connection.execute(
        select(func.min(failures.c.failed_id)).where(failures.c.failed_at >= long_ago)
    ).scalar()
    return end if young is None else young - 1


def _settled_cursor(connection: Connection, queue: Queue, now: datetime) -> int:
    settled = position(connection, "settled")
    highest = connection.execute(select(func.max(queue.failed_layout.id))).scalar() or 0
    last_seq = connection.execute(_LAST_SEQ).scalar() or 0
    if position(connection, "ids_since") > last_seq:
        reset(connection, "ids_since", last_seq, now)
    if highest < settled:
        if settled > _highest_known(connection, queue):
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


_LAST_SEQ = select(func.max(failures.c.seq))


def _is_known(connection: Connection, queue: Queue, failed_id: int) -> bool:
    id_ = queue.failed_layout.id
    indexed = select(failures.c.seq).where(
        id_ == failed_id,
        failures.c.failed_id == id_,
        failures.c.removed_at.is_(None),
        failures.c.row_digest == failed_digest(queue.failed),
    )
    return connection.execute(indexed).first() is not None


def _missing(
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
        .where(layout.id > low, ~_indexed(queue))
        .order_by(layout.id)
        .limit(rows)
    )
    if high is not None:
        query = query.where(layout.id <= high)
    unindexed = connection.execute(query).mappings().all()
    part = unindexed[: entries.readable(queue, unindexed)]
    return part, len(part) == rows or len(part) < len(unindexed)


def _indexed(queue: Queue) -> ColumnElement[bool]:
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


def _add(
    connection: Connection,
    queue: Queue,
    unindexed: Sequence[RowMapping],
    now: datetime,
    *,
    incident: int | None,
) -> None:
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


def _end_of_stretch(connection: Connection, queue: Queue, low: int, rows: int) -> int | None:
    id_ = queue.failed_layout.id
    ids = select(id_).where(id_ > low).order_by(id_)
    return connection.execute(ids.offset(rows - 1).limit(1)).scalar()


def _mark_missing(
    connection: Connection, queue: Queue, low: int, high: int | None, now: datetime, rows: int
) -> tuple[int, int | None]:
    """Mark up to `rows` missing failures of a range removed; return their number and the end."""
    id_ = queue.failed_layout.id
    unchanged = (
        select(id_)
        .where(id_ == failures.c.failed_id, failed_digest(queue.failed) == failures.c.row_digest)
        .exists()
    )
    here = failures.c.removed_at.is_(None)
    stretch = (failures.c.failed_id > low) & here & ~unchanged
    if high is not None:
        stretch &= failures.c.failed_id <= high
    # The first read takes no lock, because a range has thousands of rows and usually none to mark.
    # The limit is for an emptied table, where all failures are missing.
    missing = connection.execute(
        select(failures.c.seq, failures.c.failed_id)
        .where(stretch)
        .order_by(failures.c.failed_id)
        .limit(rows)
    ).all()
    if not missing:
        return 0, high
    ended = missing[-1].failed_id if len(missing) == rows else high
    return mark_missing(connection, [row.failed_id for row in missing], now), ended


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


def by_seqs(connection: Connection, seqs: Sequence[int]) -> dict[int, RowMapping]:
    """Return the failures with these `seq`; include removed failures."""
    if not seqs:
        return {}
    query = select(failures).where(failures.c.seq.in_(seqs))
    return {row["seq"]: row for row in connection.execute(query).mappings()}


def error_group_of(connection: Connection, failed_id: int, row_digest: str) -> int | None:
    """Return the error group of a failed job, or None if the index lacks this row."""
    c = failures.c
    query = select(c.error_group).where(c.failed_id == failed_id, c.row_digest == row_digest)
    group = connection.execute(query.order_by(c.seq.desc()).limit(1)).scalar()
    return None if group is None else int(group)


def has_failures_of(connection: Connection, key: SubjectKey) -> bool:
    """Return whether the index has a failure of this subject that is not removed."""
    c = failures.c
    query = select(c.seq).where(subjects.is_of(key), c.removed_at.is_(None)).limit(1)
    return connection.execute(query).first() is not None
