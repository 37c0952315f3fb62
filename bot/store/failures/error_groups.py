"""Error groups: one row a cause, whose id failures carry and people type as `E12`.

Only who holds the turn of the index of failures makes or removes groups. No ids are kept between
transactions: a rollback takes the groups that it made with it.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from bot.store.tables import error_groups


def find_or_make(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """The ids of the groups with these names; a name that is new becomes a group."""
    wanted = set(names)
    c = error_groups.c
    found = connection.execute(select(c.name, c.id).where(c.name.in_(wanted)))
    ids: dict[str, int] = dict(found.all())
    for name in sorted(wanted - ids.keys()):
        ids[name] = int(connection.execute(insert(error_groups).values(name=name)).lastrowid)
    return ids


def names_of(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The names of the groups with these ids, as far as there are such groups."""
    c = error_groups.c
    found = connection.execute(select(c.id, c.name).where(c.id.in_(set(ids))))
    return dict(found.all())


def remove(connection: Connection, ids: Iterable[int]) -> None:
    """Forget groups that nothing refers to any more."""
    connection.execute(delete(error_groups).where(error_groups.c.id.in_(list(ids))))
