"""Upkeep of the counts of failures: rows that were appended become one a key, old hours a day."""

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
from bot.store.leases import turn
from bot.store.tables import failure_counts, failures

FOLD_ROWS = 5_000
FORGOTTEN_AT_ONCE = 500


def fold(connection: Connection, now: datetime, rows: int = FOLD_ROWS) -> int:
    """Fold up to `rows` that were appended into one row a key; returns how many.

    One at a time: under the watcher's lease.
    """
    c = failure_counts.c
    # Not `IS FALSE`, for which MariaDB reads the whole table.
    chosen = select(c.id).where(c.folded == false()).limit(rows)
    ids = connection.execute(chosen).scalars().all()
    new: defaultdict[Key, Count] = defaultdict(Count)
    for key, count in _sums(connection, ids).items():
        booked = replace(key, hour=bucket(key.hour, now))
        new[booked] += count
        new[replace(key, hour=ALL_HOURS)] += count
    _merge(connection, ids, new)
    return len(ids)


def age(connection: Connection, now: datetime, rows: int = FOLD_ROWS) -> int:
    """Fold hours into days, and days into what is older; returns how many rows that were."""
    c = failure_counts.c
    old_hour = and_(c.hour < hour_of(now) - HOURS, c.hour % 24 != 0)
    old_day = and_(c.hour < oldest_day(now), c.hour != 0)
    chosen = select(c.id).where(c.folded == true(), c.hour > 0, or_(old_hour, old_day)).limit(rows)
    ids = connection.execute(chosen).scalars().all()
    new: defaultdict[Key, Count] = defaultdict(Count)
    for key, count in _sums(connection, ids).items():
        new[replace(key, hour=bucket(key.hour, now))] += count
    _merge(connection, ids, new)
    return len(ids)


def _sums(connection: Connection, ids: Sequence[int]) -> dict[Key, Count]:
    """What these rows say together, by key; summed in the server, since there may be thousands."""
    if not ids:
        return {}
    c = failure_counts.c
    grouped = (
        select(
            c.error_group,
            c.queue,
            c.hour,
            func.sum(c.appeared),
            func.sum(c.gone),
            func.min(c.first_at),
            func.max(c.last_at),
        )
        .where(c.id.in_(ids))
        .group_by(c.error_group, c.queue, func.length(c.queue), c.hour)
    )
    return {
        Key(group, queue, hour): Count(int(appeared), int(gone), first_at, last_at)
        for group, queue, hour, appeared, gone, first_at, last_at in connection.execute(grouped)
    }


def _merge(connection: Connection, ids: Sequence[int], new: defaultdict[Key, Count]) -> None:
    """Put `new` in the place of the rows with these ids, together with what is folded already."""
    if not ids:
        return
    c = failure_counts.c
    used = set(ids)
    known = select(failure_counts).where(
        c.folded == true(),
        c.error_group.in_({key.error_group for key in new}),
        c.hour.in_({key.hour for key in new}),
    )
    for row in connection.execute(known).mappings():
        key = Key(row["error_group"], row["queue"], row["hour"])
        if key in new and row["id"] not in used:
            new[key] += Count(row["appeared"], row["gone"], row["first_at"], row["last_at"])
            used.add(row["id"])
    connection.execute(delete(failure_counts).where(c.id.in_(used)))
    append(connection, new, folded=True)


def forget(connection: Connection, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Remove groups whose failures are gone and purged, and their counts; returns how many."""
    turn(connection, "failures")
    c, other = failure_counts.c, failure_counts.alias("other")
    of_use = (
        select(other.c.id)
        .where(
            other.c.error_group == c.error_group,
            or_(other.c.folded == false(), other.c.hour > 0, other.c.appeared != other.c.gone),
        )
        .exists()
    )
    still = select(failures.c.seq).where(failures.c.error_group == c.error_group).exists()
    ids = list(
        connection.execute(
            select(c.error_group)
            .where(c.folded == true(), c.hour == ALL_HOURS, c.appeared == c.gone, ~of_use, ~still)
            .distinct()
            .limit(limit)
        ).scalars()
    )
    if ids:
        connection.execute(delete(failure_counts).where(c.error_group.in_(ids)))
        error_groups.remove(connection, ids)
    return len(ids)
