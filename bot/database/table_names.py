"""The names of tables, which may be in another database of the same server."""

from sqlalchemy import Connection, Table


def name_in(connection: Connection, table: Table) -> str:
    """Return the table's name; a table of another database has the name `database.table`."""
    is_here = table.schema in (None, connection.engine.url.database)
    return table.name if is_here else f"{table.schema}.{table.name}"


def split_name(connection: Connection, name: str) -> tuple[str | None, str]:
    """Return the database and the name of a table that has a name of `name_in`."""
    database, _, table = name.rpartition(".")
    return database or connection.engine.url.database, table
