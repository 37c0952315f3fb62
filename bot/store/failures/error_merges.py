"""Merges of error groups: people decide that two groups have one cause.

A merge is applied when groups are read. The failures and their counts keep their own group, so the
end of a merge restores exactly the earlier groups.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, delete, insert, literal, select

from bot.store.tables import error_merges


@dataclass(frozen=True, slots=True)
class Merges:
    """Each merged group and the group that includes its failures; usually empty."""

    into: Mapping[int, int]

    def whole(self, group: int) -> int:
        """Return the group that includes this group's failures: this group if it is not merged."""
        return self.into.get(group, group)

    def members(self, group: int) -> tuple[int, ...]:
        """Return the group and the groups that are merged into this group."""
        return (group, *sorted(one for one, into in self.into.items() if into == group))

    def of(self, column: ColumnElement[int]) -> ColumnElement[int]:
        """Return the SQL expression for `whole` of a column."""
        parts: defaultdict[int, list[int]] = defaultdict(list)
        for group, into in self.into.items():
            parts[into].append(group)
        if not parts:
            return column
        return case(
            *((column.in_(groups), literal(into)) for into, groups in sorted(parts.items())),
            else_=column,
        )


NO_MERGES = Merges({})


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge as it was stored; `by` is None for a merge by a new version of the rules."""

    group: int
    into: int
    by: str | None
    at: datetime


def read(connection: Connection) -> Merges:
    """Return all merges; the last group of a chain of merges includes all groups of the chain."""
    c = error_merges.c
    merged = connection.execute(select(c.error_group, c.into_group))
    rows = {row.error_group: row.into_group for row in merged}
    return Merges({group: _last(rows, group) for group in rows})


def _last(rows: Mapping[int, int], group: int) -> int:
    for _ in rows:
        if group not in rows:
            break
        group = rows[group]
    return group


def find(connection: Connection, group: int) -> Merge | None:
    """Return the merge of this group into another group."""
    row = connection.execute(
        select(error_merges).where(error_merges.c.error_group == group)
    ).first()
    if row is None:
        return None
    return Merge(row.error_group, row.into_group, row.merged_by, row.merged_at)


def parts(connection: Connection, group: int) -> list[Merge]:
    """Return the merges into this group, the newest first, including merges into merged groups."""
    members = read(connection).members(group)[1:]
    c = error_merges.c
    rows = connection.execute(
        select(error_merges).where(c.error_group.in_(members)).order_by(c.merged_at.desc())
    )
    return [Merge(row.error_group, row.into_group, row.merged_by, row.merged_at) for row in rows]


def begin(connection: Connection, group: int, into: int, by: str | None, now: datetime) -> None:
    """Merge a group into another group; the caller has checked that neither group is merged."""
    values = {"error_group": group, "into_group": into, "merged_at": now}
    connection.execute(insert(error_merges).values(merged_by=by and by[:64], **values))


def end(connection: Connection, group: int) -> None:
    """End the merge of this group."""
    connection.execute(delete(error_merges).where(error_merges.c.error_group == group))


def of_groups(connection: Connection, groups: Collection[int]) -> tuple[int, ...]:
    """Return these groups and all groups that are merged into these groups."""
    merges = read(connection)
    return tuple(member for group in sorted(set(groups)) for member in merges.members(group))
