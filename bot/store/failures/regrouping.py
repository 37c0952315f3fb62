"""Group the indexed failures again after an update that changed the rules of grouping.

First each group gets the name that the new rules give to most of its newest failures. So these
failures keep the id, the mutes and the merges of the group, and new failures join the group. Then a
slow pass over all failures moves each failure that belongs to another group. After a restart, both
passes resume at their cursors. Failures that are not in `failed_jobs` no longer have a text, so
they stay in their group.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    func,
    or_,
    select,
    update,
)

from bot.fingerprint.error_group import RULES
from bot.queue.layouts import Queue, failed_digest
from bot.queue.moves import exactly, for_update
from bot.queue.reads import EXCEPTION_HEAD, PAYLOAD_HEAD
from bot.store.cursors import position, set_position
from bot.store.failures import entries, error_groups, error_merges, failure_counts
from bot.store.failures.failure_counts import Count, Key
from bot.store.leases import lock_lease
from bot.store.tables import error_groups as groups
from bot.store.tables import failures, mutes, operations

log = structlog.get_logger(__name__)

SAMPLE = 50
"""The number of newest failures of a group that decide its new name."""
PASS_ROWS = 1_000
SECONDS = 0.25
ALL_NAMED = 2**62
"""The cursor of groups has this position when every group has its new name."""


@dataclass(frozen=True, slots=True)
class Regrouping:
    """One pass: the numbers of failures that were read and moved, and whether any remain."""

    read: int
    moved: int
    more: bool


def name_groups(connection: Connection, queue: Queue, now: datetime) -> bool:
    """Give some groups their new names; return whether groups are left. The caller holds the lease.

    Without new rules, the function only reads one cursor.
    """
    if position(connection, "rules") == RULES:
        return False
    if position(connection, "rules_next") != RULES:
        set_position(connection, "rules_next", RULES)
        set_position(connection, "rules_group", 0)
        set_position(connection, "rules_seq", 0)
    last = position(connection, "rules_group")
    if last == ALL_NAMED:
        return False
    until = monotonic() + SECONDS
    ids = select(groups.c.id).where(groups.c.id > last).order_by(groups.c.id)
    for group in connection.execute(ids.limit(PASS_ROWS)).scalars().all():
        _name(connection, queue, group, now)
        set_position(connection, "rules_group", group)
        if monotonic() > until:
            return True
    is_left = connection.execute(ids.where(groups.c.id > position(connection, "rules_group")))
    if is_left.first() is None:
        set_position(connection, "rules_group", ALL_NAMED)
        log.info("error groups renamed", rules=RULES)
        return False
    return True


def is_naming(connection: Connection) -> bool:
    """Return whether groups still have the names of earlier rules, so that nothing is indexed."""
    if position(connection, "rules") == RULES:
        return False
    is_begun = position(connection, "rules_next") == RULES
    return not is_begun or position(connection, "rules_group") != ALL_NAMED


def _name(connection: Connection, queue: Queue, group: int, now: datetime) -> None:
    """Give a group the name of most of its newest failures.

    If another group has this name already, the group with fewer failed jobs is merged into the
    group with more failed jobs, and its mute moves, too.
    """
    c = failures.c
    newest = _texts(queue).where(c.error_group == group).order_by(c.seq.desc()).limit(SAMPLE)
    names = Counter(_name_of(queue, row) for row in connection.execute(newest).mappings())
    if not names:
        return
    name = names.most_common(1)[0][0]
    current = error_groups.names_of(connection, [group]).get(group)
    if name == current:
        return
    other = connection.execute(select(groups.c.id).where(groups.c.name == name)).scalar()
    if other is None:
        _rename(connection, group, name)
        return
    if _size(connection, group) > _size(connection, other):
        _rename(connection, other, f"{entries.UNREADABLE} E{other}")
        _rename(connection, group, name)
        group, other = other, group
    into = error_merges.read(connection).whole(other)
    if into != group:
        error_merges.end(connection, group)
        error_merges.begin(connection, group, into, None, now)
        _move_mute(connection, group, into)


def _move_mute(connection: Connection, group: int, into: int) -> None:
    """Move a group's mute to another group, unless that group has a mute."""
    m = mutes.c
    has_mute = select(m.id).where(m.active_subject == f"group:{into}")
    if connection.execute(has_mute).first() is None:
        moved = update(mutes).where(m.active_subject == f"group:{group}")
        values = {"error_group": into, "active_subject": f"group:{into}"}
        connection.execute(moved.values(**values))


def _rename(connection: Connection, group: int, name: str) -> None:
    connection.execute(update(groups).where(groups.c.id == group).values(name=name))


def _size(connection: Connection, group: int) -> int:
    c = failures.c
    counted = select(c.seq).where(c.error_group == group, c.removed_at.is_(None)).limit(10_000)
    return int(
        connection.execute(select(func.count()).select_from(counted.subquery())).scalar_one()
    )


def regroup(
    connection: Connection, queue: Queue, now: datetime, rows: int = PASS_ROWS
) -> Regrouping:
    """Move some failures to the groups of the current rules."""
    lock_lease(connection, "failures")
    if position(connection, "rules") == RULES or name_groups(connection, queue, now):
        return Regrouping(0, 0, more=position(connection, "rules") != RULES)
    low, c = position(connection, "rules_seq"), failures.c
    if is_scope_frozen(connection, now):
        return Regrouping(0, 0, more=True)
    some = _texts(queue).where(c.seq > low).order_by(c.seq).limit(rows)
    read = connection.execute(some).mappings().all()
    part = read[: entries.readable(queue, read)]
    if not part:
        set_position(connection, "rules", RULES)
        log.info("failures regrouped", rules=RULES)
        return Regrouping(0, 0, more=False)
    moved = _move(connection, queue, part, now)
    set_position(connection, "rules_seq", part[-1]["seq"])
    return Regrouping(len(part), moved, more=True)


def is_scope_frozen(connection: Connection, now: datetime) -> bool:
    """Return whether a bulk change or a preview has a frozen scope, so that no failure may move."""
    o = operations.c
    is_open = or_(
        o.state.in_(("awaiting", "running", "waiting", "cancelling")),
        and_(o.state == "planned", o.expires_at >= now),
    )
    return connection.execute(select(o.id).where(is_open).limit(1)).first() is not None


def _move(connection: Connection, queue: Queue, rows: Sequence[RowMapping], now: datetime) -> int:
    """Move failures that have another group's name, with their counts; return their number."""
    # A failure that could not be stored with its own name would stop every pass.
    unreadable = select(groups.c.id).where(groups.c.name == entries.UNREADABLE)
    unreadable_group = connection.execute(unreadable).scalar()
    rows = [row for row in rows if row["error_group"] != unreadable_group]
    names = {row["seq"]: _name_of(queue, row) for row in rows}
    ids = error_groups.find_or_make(connection, names.values())
    wrong: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        if ids[names[row["seq"]]] != row["error_group"]:
            wrong[ids[names[row["seq"]]]].append(row["seq"])
    return sum(_move_to(connection, group, seqs, now) for group, seqs in sorted(wrong.items()))


def _move_to(connection: Connection, group: int, seqs: Sequence[int], now: datetime) -> int:
    """Move failures that are not removed to a group; a retry may have removed some meanwhile."""
    c = failures.c
    which = and_(c.seq.in_(seqs), c.removed_at.is_(None))
    locked = connection.execute(
        for_update(select(c.seq, c.error_group, c.queue, c.failed_at).where(which))
    ).all()
    counts: defaultdict[Key, Count] = defaultdict(Count)
    for row in locked:
        hour = failure_counts.bucket(failure_counts.hour_of(row.failed_at), now)
        counts[Key(row.error_group, row.queue, hour)] += Count(appeared=-1)
        added = Count(appeared=1, first_at=row.failed_at, last_at=row.failed_at)
        counts[Key(group, row.queue, hour)] += added
    if locked:
        moved = update(failures).where(c.seq.in_([row.seq for row in locked]))
        exactly(connection.execute(moved.values(error_group=group)), len(locked))
        failure_counts.append(connection, counts, aggregated=False)
    return len(locked)


def _texts(queue: Queue) -> Select[Any]:
    """Select the failures that are in `failed_jobs`, with their texts."""
    layout, c = queue.failed_layout, failures.c
    same: ColumnElement[bool] = or_(
        layout.failed_at_is(c.failed_at), c.row_digest == failed_digest(queue.failed)
    )
    exception = layout.selection(PAYLOAD_HEAD, EXCEPTION_HEAD)[-1]
    return (
        select(c.seq, c.error_group, exception)
        .join_from(failures, queue.failed, and_(layout.id == c.failed_id, same))
        # The index has the failures without a copy, so that removed failures are not read.
        .where(c.removed_at.is_(None), c.removed_copy.is_(None))
    )


def _name_of(queue: Queue, row: RowMapping) -> str:
    return entries.group_name(queue, row["exception"] or "")
