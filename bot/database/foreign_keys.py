"""Foreign keys of other tables that refer to a table.

The server lists a foreign key only if the account has a privilege on the key's table.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bot.database.dialects import is_sqlite, quoted_name
from bot.database.errors import is_access_denied
from bot.database.table_names import split_name


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key: a column of `table` refers to a column of `parent`.

    `schema` is the database of `table`.
    """

    name: str
    schema: str
    table: str
    column: str
    parent: str
    parent_column: str
    on_delete: str

    @property
    def deletes_children(self) -> bool:
        """Whether the database deletes or changes the rows that refer to a deleted row."""
        return self.on_delete.upper() in ("CASCADE", "SET NULL", "SET DEFAULT")


_CHILDREN = text(
    "SELECT k.constraint_name AS name, k.table_schema AS home, k.table_name AS tbl,"
    " k.column_name AS col, k.referenced_column_name AS parent_col, r.delete_rule AS on_delete"
    " FROM information_schema.key_column_usage k"
    " LEFT JOIN information_schema.referential_constraints r"
    " ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name"
    " AND r.table_name = k.table_name"
    " WHERE k.referenced_table_schema = :schema AND k.referenced_table_name = :name"
    " ORDER BY k.table_name, k.constraint_name, k.ordinal_position"
)


def read_children(connection: Connection, name: str) -> Sequence[ForeignKey]:
    """Return the foreign keys that refer to the table with this name of `name_in`.

    The result is empty on SQLite, which enforces foreign keys only on connections that enable them.
    """
    if is_sqlite(connection):
        return []
    schema, table = split_name(connection, name)
    return [
        ForeignKey(
            row.name,
            row.home,
            row.tbl,
            row.col,
            name,
            row.parent_col,
            row.on_delete or _rule_of(connection, row.home, row.tbl, row.name),
        )
        for row in connection.execute(_CHILDREN, {"schema": schema, "name": table}).all()
    ]


def _rule_of(connection: Connection, schema: str, table: str, name: str) -> str:
    """Return a foreign key's ON DELETE rule, read from the CREATE statement of its table.

    MariaDB lists the rule only for an account that has more than SELECT on the whole database.
    """
    quote = partial(quoted_name, connection)
    statement = f"SHOW CREATE TABLE {quote(schema)}.{quote(table)}"
    try:
        lines = str(connection.exec_driver_sql(statement).one()[1]).splitlines()
    except DBAPIError as error:
        if not is_access_denied(error):
            raise
        return "CASCADE"  # the rule is unknown, so the bot assumes the most dangerous rule
    own = next((line for line in lines if f"CONSTRAINT {quote(name)} " in line), "")
    rule = re.search(r" ON DELETE (CASCADE|SET NULL|SET DEFAULT)", own)
    return "RESTRICT" if rule is None else rule[1]
