"""Error groups: each cause has a row. Failures store its id, and people type the id as `E12`.

Only a transaction that holds the lease of the index creates or removes groups. Ids are not cached
between transactions, because a rollback also removes the groups that it created.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from bot.store.tables import error_groups


def find_or_make(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return the ids of the groups with these names; create a group for each new name."""
    unique_names = set(names)
    c = error_groups.c
    rows = connection.execute(select(c.name, c.id).where(c.name.in_(unique_names)))
    ids: dict[str, int] = dict(rows.all())
    for name in sorted(unique_names - ids.keys()):
        ids[name] = int(connection.execute(insert(error_groups).values(name=name)).lastrowid)
    return ids


def names_of(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Return the names of the groups with these ids; omit unknown ids."""
    c = error_groups.c
    rows = connection.execute(select(c.id, c.name).where(c.id.in_(set(ids))))
    return dict(rows.all())


def remove(connection: Connection, ids: Iterable[int]) -> None:
    """Delete groups to which no row refers."""
    connection.execute(delete(error_groups).where(error_groups.c.id.in_(list(ids))))
