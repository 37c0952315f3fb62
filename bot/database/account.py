"""Find the privileges that the account of a connection lacks, without reading its GRANTs.

SHOW GRANTS does not show what a role or a pattern gives. The server checks the privileges of an
explained statement, but does not run the statement.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bot.database.dialects import is_sqlite, quoted_name
from bot.database.errors import is_access_denied

_PROBES = {
    "SELECT": "SELECT 1 FROM {table} LIMIT 0",
    "INSERT": "EXPLAIN INSERT INTO {table} ({column}) VALUES (NULL)",
    "UPDATE": "EXPLAIN UPDATE {table} SET {column} = NULL WHERE 1 = 0",
    "DELETE": "EXPLAIN DELETE FROM {table} WHERE 1 = 0",
}


def lacking(
    connection: Connection, schema: str | None, table: str, column: str, needed: Iterable[str]
) -> Iterator[str]:
    """Yield each needed privilege on the table that the account lacks; SQLite has no accounts."""
    if is_sqlite(connection):
        return
    quoted = [quoted_name(connection, name) for name in (schema, table) if name is not None]
    names = {"table": ".".join(quoted), "column": quoted_name(connection, column)}
    for privilege in needed:
        try:
            connection.execute(text(_PROBES[privilege].format(**names))).close()
        except DBAPIError as error:
            if is_access_denied(error):
                yield privilege


def current_account(connection: Connection) -> str:
    """Return the account as GRANTs name it, such as `'queue_bot'@'10.0.0.%'`."""
    account = str(connection.execute(text("SELECT CURRENT_USER()")).scalar_one())
    name, _, host = account.rpartition("@")
    return f"'{name}'@'{host}'"
