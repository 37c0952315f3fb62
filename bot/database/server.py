"""What a server says about itself: product, version, TLS, connections, and sizes of tables."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from bot.database.dialects import is_mariadb, is_sqlite, version_of

OLDEST = {"MariaDB": (10, 6), "MySQL": (8, 0), "SQLite": (3, 40)}
"""The oldest version of each product that has the functions that the bot's statements use."""


@dataclass(frozen=True, slots=True)
class Server:
    """The product and the version of a server."""

    product: str
    version: tuple[int, ...]

    def __str__(self) -> str:
        """Return the product and the version, such as `MariaDB 10.11.6`."""
        return f"{self.product} {'.'.join(map(str, self.version))}"

    @property
    def is_supported(self) -> bool:
        """Whether the bot's statements work on this version."""
        return self.version >= OLDEST[self.product]


def server_of(connection: Connection) -> Server:
    """Return the product and the version of the connection's server."""
    version = version_of(connection)
    if is_sqlite(connection):
        return Server("SQLite", version)
    return Server("MariaDB" if is_mariadb(connection) else "MySQL", version[:3])


def cipher(connection: Connection) -> str:
    """Return the cipher of the connection's TLS, or an empty text without TLS."""
    row = connection.execute(text("SHOW SESSION STATUS LIKE 'Ssl_cipher'")).first()
    return "" if row is None else str(row[1])


@dataclass(frozen=True, slots=True)
class ConnectionCounts:
    """The server's limit of connections, all open connections, and those of this account."""

    limit: int
    opened: int
    own: int


def connection_counts(connection: Connection) -> ConnectionCounts:
    """Return the numbers of connections; without privileges, only the account's own are listed."""
    limit = connection.execute(text("SELECT @@max_connections")).scalar_one()
    opened = connection.execute(text("SHOW GLOBAL STATUS LIKE 'Threads_connected'")).first()
    own = connection.execute(
        text(
            "SELECT COUNT(*) FROM information_schema.processlist"
            " WHERE user = SUBSTRING_INDEX(CURRENT_USER(), '@', 1)"
        )
    ).scalar_one()
    return ConnectionCounts(int(limit), int(opened[1]) if opened else int(own), int(own))


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table's engine, its estimated number of rows, and its size in bytes with its indexes."""

    name: str
    engine: str
    rows: int
    bytes: int


_SIZES = text(
    "SELECT table_name, engine, table_rows, data_length + index_length"
    " FROM information_schema.tables"
    " WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name IN :names"
).bindparams(bindparam("names", expanding=True))


def table_sizes(
    connection: Connection, schema: str | None, names: list[str]
) -> dict[str, TableSize]:
    """Return the sizes of the existing tables by name; SQLite reports no sizes."""
    if is_sqlite(connection):
        return {}
    rows = connection.execute(_SIZES, {"schema": schema, "names": names})
    sizes = (
        TableSize(str(name), str(engine or ""), int(count or 0), int(size or 0))
        for name, engine, count, size in rows
    )
    return {size.name: size for size in sizes}
