"""Aggregate counts of failures: appended rows into one row for each key, old hours into days."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, delete, false, func, or_, select, true

from bot.store.failures import error_groups
from bot.store.failures.failure_counts import (
    ALL_HOURS,
    HOURS,
    Count,
    Key,
    append,
    bucket,
    hour_of,
    oldest_day,
)
from bot.store.leases import lock_lease
from bot.store.tables import error_merges, failure_counts, failures

AGGREGATED_AT_ONCE = 5_000
DELETED_AT_ONCE = 500


def aggregate(connection: Connection, now: datetime, rows: int = AGGREGATED_AT_ONCE) -> int:
    """Aggregate up to `rows` appended rows into one row for each key; return their number.

    The caller holds the watcher's lease, so that only one process aggregates.
    """
    c = failure_counts.c
    # With `IS FALSE`, MariaDB would read the whole table.
    query = select(c.id).where(c.aggregated == false()).limit(rows)
    ids = connection.execute(query).scalars().all()
    new: defaultdict[Key, Count] = defaultdict(Count)
    for key, count in _sums(connection, ids).items():
        new[replace(key, hour=bucket(key.hour, now))] += count
        new[replace(key, hour=ALL_HOURS)] += count
    _merge(connection, ids, new)
    return len(ids)


def merge_old_hours(connection: Connection, now: datetime, rows: int = AGGREGATED_AT_ONCE) -> int:
    """Merge old hours into days, and old days into one row; return the number of merged rows."""
    c = failure_counts.c
    old_hour = and_(c.hour < hour_of(now) - HOURS, c.hour % 24 != 0)
    old_day = and_(c.hour < oldest_day(now), c.hour != 0)
    query = (
        select(c.id).where(c.aggregated == true(), c.hour > 0, or_(old_hour, old_day)).limit(rows)
    )
    ids = connection.execute(query).scalars().all()
    new: defaultdict[Key, Count] = defaultdict(Count)
    for key, count in _sums(connection, ids).items():
        new[replace(key, hour=bucket(key.hour, now))] += count
    _merge(connection, ids, new)
    return len(ids)


def _sums(connection: Connection, ids: Sequence[int]) -> dict[Key, Count]:
    """Return the sums of these rows by key; the server adds up the rows, which may be thousands."""
    if not ids:
        return {}
    c = failure_counts.c
    grouped = (
        select(
            c.error_group,
            c.queue,
            c.hour,
            func.sum(c.appeared),
            func.sum(c.removed),
            func.min(c.first_at),
            func.max(c.last_at),
        )
        .where(c.id.in_(ids))
        .group_by(c.error_group, c.queue, func.length(c.queue), c.hour)
    )
    return {
        Key(group, queue, hour): Count(int(appeared), int(removed), first_at, last_at)
        for group, queue, hour, appeared, removed, first_at, last_at in connection.execute(grouped)
    }


def _merge(connection: Connection, ids: Sequence[int], new: defaultdict[Key, Count]) -> None:
    """Replace the rows with these ids, and the aggregated rows of the same keys, by their sums."""
    if not ids:
        return
    c = failure_counts.c
    used = set(ids)
    aggregated_rows = select(failure_counts).where(
        c.aggregated == true(),
        c.error_group.in_({key.error_group for key in new}),
        c.hour.in_({key.hour for key in new}),
    )
    for row in connection.execute(aggregated_rows).mappings():
        key = Key(row["error_group"], row["queue"], row["hour"])
        if key in new and row["id"] not in used:
            new[key] += Count(row["appeared"], row["removed"], row["first_at"], row["last_at"])
            used.add(row["id"])
    connection.execute(delete(failure_counts).where(c.id.in_(used)))
    append(connection, new, aggregated=True)


def delete_unused_groups(connection: Connection, limit: int = DELETED_AT_ONCE) -> int:
    """Delete error groups whose failures were purged, with their counts; return their number."""
    lock_lease(connection, "failures")
    c, other = failure_counts.c, failure_counts.alias("other")
    is_used = (
        select(other.c.id)
        .where(
            other.c.error_group == c.error_group,
            or_(
                other.c.aggregated == false(), other.c.hour > 0, other.c.appeared != other.c.removed
            ),
        )
        .exists()
    )
    has_failures = select(failures.c.seq).where(failures.c.error_group == c.error_group).exists()
    m = error_merges.c
    # A group with a merge stays, because its next failure must count as the other group's, too.
    is_merged = select(m.error_group).where(
        or_(m.error_group == c.error_group, m.into_group == c.error_group)
    )
    ids = list(
        connection.execute(
            select(c.error_group)
            .where(
                c.aggregated == true(),
                c.hour == ALL_HOURS,
                c.appeared == c.removed,
                ~is_used,
                ~has_failures,
                ~is_merged.exists(),
            )
            .distinct()
            .limit(limit)
        ).scalars()
    )
    if ids:
        connection.execute(delete(failure_counts).where(c.error_group.in_(ids)))
        error_groups.remove(connection, ids)
    return len(ids)
