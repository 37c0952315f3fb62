"""Rows of other tables that the database deletes or changes together with a job.

A foreign key with ON DELETE CASCADE, SET NULL or SET DEFAULT deletes or changes these rows. The
client is not informed, and no undo can restore the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, Table, and_, column, select, table
from sqlalchemy.exc import DBAPIError

from bot.database.errors import is_access_denied
from bot.database.foreign_keys import ForeignKey, read_children
from bot.database.table_names import name_in
from bot.models.refusals import RowHasChildren


@dataclass(frozen=True, slots=True)
class Children:
    """The foreign keys with which the database deletes or changes rows together with a job.

    `keys` are pairs of a child table's name and the columns of one key.
    """

    table: Table
    keys: Sequence[tuple[str, Sequence[ForeignKey]]]

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the child tables."""
        return tuple(dict.fromkeys(name for name, _ in self.keys))

    def check(self, connection: Connection, row_id: int) -> None:
        """Raise `RowHasChildren` if another table has a row that refers to this one."""
        for name, key in self.keys:
            if _has_row(connection, self.table, key, row_id):
                raise RowHasChildren(id=str(row_id), detail=name)


def children_of(connection: Connection, parent: Table) -> Children:
    """Return the children of a queue's table, as far as the database account can see them."""
    deleting = [
        key
        for key in read_children(connection, name_in(connection, parent))
        if key.deletes_children
    ]
    schema = connection.engine.url.database
    keys = [
        (child if home == schema else f"{home}.{child}", tuple(columns))
        for (home, child, _), columns in groupby(deleting, lambda k: (k.schema, k.table, k.name))
    ]
    return Children(parent, keys)


def _has_row(connection: Connection, parent: Table, key: Sequence[ForeignKey], row_id: int) -> bool:
    child = table(key[0].table, *(column(one.column) for one in key), schema=key[0].schema)
    names = ("id", *(one.parent_column for one in key))
    own = table(parent.name, *(column(name) for name in names), schema=parent.schema).alias()
    refers = and_(*(child.c[one.column] == own.c[one.parent_column] for one in key))
    rows = select(own.c.id).select_from(own.join(child, refers)).where(own.c.id == row_id)
    try:
        return connection.execute(rows.limit(1)).first() is not None
    except DBAPIError as error:
        if not is_access_denied(error):
            raise
        # The account can see the key but cannot read the rows, so a row may exist.
        return True
