"""Read error groups: sums over the stored counts, and the newest failures of each group.

A read takes as long for a million failures as for a thousand. The stored counts have a few rows
for each group, and a read needs only the newest failures of a group.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, case, false, func, or_, select, true, union_all

from bot.database.transactions import TooSlow, bounded
from bot.models.error_groups import HOURS, RECENT_AT_MOST, RECENT_MINUTES, ErrorGroup, ErrorGroups
from bot.models.job_batches import BATCH
from bot.models.jobs import QueueCount
from bot.models.refusals import Busy, ErrorGroupNotFound
from bot.models.subjects import SHOP
from bot.store.failures import error_groups, error_merges, subjects
from bot.store.failures.error_group_sums import Window, by_group, of_queue, sums
from bot.store.failures.failure_counts import ALL_HOURS
from bot.store.tables import failure_counts, failures

SECONDS = 1.0
VALUES = 4
SAMPLES = 20
"""The subjects of a group are read from this many of its newest failures."""
QUEUES = 50
RANGES = 20
"""Up to this many merged groups are read one by one; a statement of 400 parts takes a second."""


def groups(connection: Connection, within: Window, limit: int, after: int = 0) -> ErrorGroups:
    """Skip the first `after` groups and return up to `limit`; most failed jobs first.

    If the window has no beginning, only groups that have failed jobs now are returned. Raises
    `Busy` if the server needs too long.
    """
    within = replace(within, merges=error_merges.read(connection))
    try:
        rows = bounded(connection, sums(within, limit, after), SECONDS).mappings().all()
        shown = _described(connection, within, rows)
    except TooSlow as error:
        raise Busy from error
    return ErrorGroups(
        errors=tuple(shown),
        count=int(rows[0]["groups"]) if rows else 0,
        failed=int(rows[0]["total"]) if rows else 0,
        since=None if within.since is None else human(within.since),
        timestamp=human(within.now),
    )


def group(connection: Connection, within: Window, error_group: int) -> ErrorGroup:
    """Return one group with the groups that are merged into it. The group may have no failed jobs.

    If the group itself is merged, the group that includes it is returned. Raises
    `ErrorGroupNotFound` or `Busy`.
    """
    c = failure_counts.c
    within = replace(within, merges=error_merges.read(connection))
    members = within.merges.members(within.merges.whole(error_group))
    try:
        sums = by_group(within, c.error_group.in_(members))
        rows = bounded(connection, sums, SECONDS).mappings().all()
        shown = _described(connection, within, rows)
    except TooSlow as error:
        raise Busy from error
    if not shown:
        raise ErrorGroupNotFound(id=f"E{error_group}")
    return shown[0]


def failed_of(connection: Connection, within: Window, error_group: int) -> int:
    """Return how many jobs of a group and of its merged groups are in `failed_jobs`."""
    members = error_merges.read(connection).members(error_group)
    sums = by_group(within, failure_counts.c.error_group.in_(members))
    try:
        return sum(int(row.failed) for row in bounded(connection, sums, SECONDS))
    except TooSlow as error:
        raise Busy from error


def newest(connection: Connection, members: Sequence[int], limit: int) -> Sequence[RowMapping]:
    """Return the newest failures of these groups, removed or not, the newest first."""
    rows = _newest(members, limit)
    query = select(rows).order_by(rows.c.seq.desc()).limit(limit)
    return connection.execute(query).mappings().all()


def _newest(members: Sequence[int], limit: int) -> Any:
    """Select the newest failures of each group; each part reads one range of the database index.

    If a group has many members, the newest failures of all members are read together.
    """
    c = failures.c
    columns = (
        c.seq,
        c.failed_id,
        c.row_digest,
        c.queue,
        c.order_id,
        c.tienda_id,
        c.failed_at,
        c.removed_at,
        c.restored_by,
    )
    groups = [(member,) for member in members] if len(members) <= RANGES else [tuple(members)]
    parts = [
        select(
            select(*columns)
            .where(c.error_group.in_(part))
            .order_by(c.seq.desc())
            .limit(limit)
            .subquery()
        )
        for part in groups
    ]
    return (union_all(*parts) if parts[1:] else parts[0]).subquery()


def human(at: datetime) -> str:
    """Format a wall clock time in the spec's format."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _described(
    connection: Connection, within: Window, rows: Sequence[RowMapping]
) -> list[ErrorGroup]:
    ids = [row["error_group"] for row in rows]
    if not ids:
        return []
    names = error_groups.names_of(connection, ids)
    queues, hours = _in_queues(connection, within, ids), _in_hours(connection, within, ids)
    recently = within.now - timedelta(minutes=RECENT_MINUTES)
    described = []
    for row in rows:
        id_ = row["error_group"]
        fresh = row["last_at"] is not None and row["last_at"] >= recently
        recent, left = _since(connection, within, id_, recently) if fresh else (0, 0)
        described.append(
            ErrorGroup(
                error=f"E{id_}",
                name=names.get(id_, ""),
                failed=int(row["failed"]),
                appeared=int(row["appeared"]) if within.hour else sum(hours[id_]),
                recent=recent,
                still_failing=left > 0,
                first_at=None if row["first_at"] is None else human(row["first_at"]),
                last_at=None if row["last_at"] is None else human(row["last_at"]),
                queues=_queues(queues[id_]),
                **_whose(connection, within, id_),
                hours=tuple(hours[id_]),
            )
        )
    return described


def _in_queues(
    connection: Connection, within: Window, ids: Sequence[int]
) -> Mapping[int, Counter[str]]:
    """Return the number of failed jobs of each group by queue."""
    c, whole = failure_counts.c, within.merges.whole
    members = [member for id_ in ids for member in within.merges.members(id_)]
    # A window without a beginning reads the aggregated sums. A window with a beginning reads the
    # hours after it. Every window also reads the rows that are not aggregated yet.
    aggregated = c.hour >= within.hour if within.hour else c.hour == ALL_HOURS
    which = or_(
        and_(c.aggregated == true(), aggregated),
        and_(c.aggregated == false(), c.hour >= within.hour),
    )
    statement = (
        select(c.error_group, c.queue, func.sum(c.appeared - c.removed))
        .where(c.error_group.in_(members), which, of_queue(within))
        .group_by(c.error_group, c.queue, func.length(c.queue))
    )
    counts_by_group: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for id_, queue, count in bounded(connection, statement, SECONDS):
        counts_by_group[whole(id_)][queue] += int(count)
    return counts_by_group


def _in_hours(
    connection: Connection, within: Window, ids: Sequence[int]
) -> Mapping[int, list[int]]:
    """Return the number of new failures of each group in each hour of the bar chart."""
    c, whole = failure_counts.c, within.merges.whole
    members = [member for id_ in ids for member in within.merges.members(id_)]
    first = within.running - HOURS + 1
    statement = (
        select(c.error_group, c.hour, func.sum(c.appeared))
        .where(c.error_group.in_(members), c.hour >= first, of_queue(within))
        .group_by(c.error_group, c.hour)
    )
    counts_by_group: defaultdict[int, list[int]] = defaultdict(lambda: [0] * HOURS)
    for id_, hour, appeared in bounded(connection, statement, SECONDS):
        # A worker's clock may be ahead of the database's.
        counts_by_group[whole(id_)][min(hour - first, HOURS - 1)] += int(appeared)
    return counts_by_group


def by_hour(connection: Connection, within: Window) -> tuple[int, ...]:
    """Return the number of new failures of all groups in each hour of the bar chart."""
    c = failure_counts.c
    first = within.running - HOURS + 1
    counts = [0] * HOURS
    # With `IS TRUE`, MariaDB would read the whole table.
    for aggregated in (true(), false()):
        statement = select(c.hour, func.sum(c.appeared)).where(
            c.aggregated == aggregated, c.hour >= first, of_queue(within)
        )
        for hour, appeared in bounded(connection, statement.group_by(c.hour), SECONDS):
            counts[min(hour - first, HOURS - 1)] += int(appeared)
    return tuple(counts)


def _since(
    connection: Connection, within: Window, error_group: int, moment: datetime
) -> tuple[int, int]:
    """Count the group's failures since `moment`, and the failures among these that are not removed.

    Only the newest `RECENT_AT_MOST` failures are read.
    """
    rows = _newest(within.merges.members(error_group), RECENT_AT_MOST)
    new = select(rows).order_by(rows.c.seq.desc()).limit(RECENT_AT_MOST).subquery().c
    # A failure that an undo restored has a second row with its own `seq`.
    condition = and_(new.failed_at >= moment, new.restored_by.is_(None))
    if within.queue is not None:
        condition = and_(condition, new.queue == within.queue)
    left = func.count(case((new.removed_at.is_(None), 1)))
    recent, not_removed = connection.execute(select(func.count(), left).where(condition)).one()
    return int(recent), int(not_removed)


def _whose(connection: Connection, within: Window, error_group: int) -> dict[str, Any]:
    """Return the orders of the newest failures that are still failed jobs.

    If these jobs have no order, return the values of their other subjects instead.
    """
    rows = [
        row
        for row in newest(connection, within.merges.members(error_group), SAMPLES)
        if row["removed_at"] is None and within.queue in (None, row["queue"])
    ]
    orders = dict.fromkeys(row["order_id"] for row in rows if row["order_id"] is not None)
    if orders or not rows:
        return {"orders": tuple(orders)[:VALUES]}
    more = subjects.of(connection, [row["seq"] for row in rows])
    values: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        for name, value in more.get(row["seq"], {}).items():
            if name != BATCH:
                values[name][value] = None
    if not values:
        values[SHOP] = dict.fromkeys(row["tienda_id"] for row in rows if row["tienda_id"])
    by_name = {name: tuple(seen)[:VALUES] for name, seen in values.items() if seen}
    return {"orders": (), "subjects": by_name}


def _queues(counted: Counter[str]) -> tuple[QueueCount, ...]:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(QueueCount(queue=name, count=count) for name, count in ordered if count)[:QUEUES]
