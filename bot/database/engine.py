"""Engines for MariaDB, MySQL and SQLite: their pools, sessions and statement limits."""

import sqlite3
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import QueuePool

from bot.database.connection import TimedConnection, open_connection
from bot.database.dialects import add_sqlite_functions, is_sqlite_url, require_supported
from bot.database.session import CHARACTER_SET, COLLATION, Session
from bot.database.time_limits import (
    LOCK_WAIT_SECONDS,
    limit_commit,
    limit_lock_waits,
    limit_reset,
    limit_rollback,
    limit_statement,
)
from bot.database.tls import Tls, required_context
from bot.models.refusals import StartError

POOL = 20
"""One connection for each concurrent request (16) and each background thread (4). A thread waits
for a connection only after a fault. This wait is short and ends with an error."""
POOL_SECONDS = 0.5
CONNECT_SECONDS = 2
OPEN_SECONDS = 10.0
"""The maximum wait while another connection opens the new SQLite file."""
# The maximum wait for a statement's answer (the sampler's statement takes the longest).
READ_SECONDS = 60


def connect(
    url: str,
    *,
    ca: str | None = None,
    tls: Tls = None,
    pool: int = POOL,
    read_seconds: float = READ_SECONDS,
    lock_seconds: float = LOCK_WAIT_SECONDS,
    grace: float = 0.0,
    autocommit: bool = False,
    schema: str | None = None,
) -> Engine:
    """Return an engine for the queue's database.

    `ca` is a file with the certificate authority of the server. If `tls` is off, a server on
    another machine is not verified and may have no TLS. If the server does not answer for
    `read_seconds`, the connection counts as lost; SQLite has no server. A statement waits at most
    `lock_seconds` for a lock. Each `time_limit` is longer by `grace` seconds, which the tests need
    on a busy machine. With `autocommit`, each statement is a transaction and takes one round trip;
    SQLite ignores `autocommit`. `schema` is the database of the bot's own tables on this server,
    or None if they are in the queue's database. Raises `StartError` for an unsupported database.
    """
    parsed = make_url(url)
    require_supported(parsed)
    if is_sqlite_url(parsed):
        return _sqlite(url, pool, lock_seconds, grace)
    arguments: dict[str, Any] = {
        "charset": CHARACTER_SET,
        "collation": COLLATION,
        "connect_timeout": CONNECT_SECONDS + grace,
        "read_timeout": read_seconds,
        "write_timeout": read_seconds,
        # The address could set these options too, and PyMySQL would apply them.
        "autocommit": False,
        "init_command": None,
        "sql_mode": None,
    }
    session = Session(lock_seconds)
    if (context := required_context(parsed, ca, tls)) is not None:
        arguments["ssl"] = context
    engine = _engine(
        # With mariadb:// SQLAlchemy would ignore hints for MySQL, which MariaDB needs too.
        parsed.set(drivername="mysql+pymysql"),
        pool_pre_ping=True,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=POOL_SECONDS + grace,
        pool_recycle=1800,
        hide_parameters=True,
        # Each transaction of the bot ends before its connection returns to the pool.
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT" if autocommit else None,
        skip_autocommit_rollback=autocommit,
        execution_options={"grace": grace, "session": session, **_translated(schema)},
        connect_args=arguments,
    )
    _limit_times(engine, session)
    return engine


def _limit_times(engine: Engine, session: Session) -> None:
    """Open connections with this session, and limit the time of all that they do."""

    def do_connect(
        _dialect: object, _record: object, positional: list[Any], named: dict[str, Any]
    ) -> TimedConnection:
        return open_connection(session, positional, named)

    event.listen(engine, "do_connect", do_connect)
    event.listen(engine, "begin", limit_lock_waits)
    event.listen(engine, "commit", limit_commit)
    event.listen(engine, "rollback", limit_rollback)
    event.listen(engine, "reset", limit_reset)
    event.listen(engine, "before_cursor_execute", limit_statement, retval=True)


def _translated(schema: str | None) -> dict[str, Any]:
    """Return the option that puts the bot's own tables, which name no schema, into this schema."""
    return {} if schema is None else {"schema_translate_map": {None: schema}}


def own_schema(bind: Engine | Connection) -> str | None:
    """Return the schema of the bot's own tables, or None if they are in the queue's schema."""
    translated: dict[None, str] = bind.get_execution_options().get("schema_translate_map", {})
    return translated.get(None)


def _engine(url: URL, **options: Any) -> Engine:
    try:
        return create_engine(url, **options)
    except (TypeError, ValueError) as error:
        # The address has an invalid option after the question mark, such as read_timeout=soon.
        raise StartError([f"DATABASE_URL has an invalid option ({error})."]) from error


def _sqlite(url: str, pool: int, lock_seconds: float, grace: float) -> Engine:
    database = make_url(url).database
    if database and database != ":memory:":
        _make_folder(Path(database).parent)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=POOL_SECONDS + grace,
        hide_parameters=True,
        execution_options={"grace": grace, "lock_seconds": lock_seconds},
        connect_args={"check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "before_cursor_execute", limit_statement, retval=True)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sentence = f"The folder of the SQLite file cannot be created: {error.strerror} ({folder})."
        raise StartError([sentence]) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    try:
        _set_up_sqlite(connection)
    except BaseException:
        # SQLAlchemy does not close a connection that fails here, such as one to a file that is not
        # a database.
        connection.close()
        raise


def _set_up_sqlite(connection: Any) -> None:
    connection.isolation_level = None
    # A text that is not UTF-8 is read with replacement characters, because SQLite would otherwise
    # refuse the whole row.
    connection.text_factory = lambda stored: stored.decode("utf-8", "replace")
    _log_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    add_sqlite_functions(connection)


def _log_ahead(connection: Any) -> None:
    """Turn on write-ahead logging, so that reads run in parallel with a write.

    If two connections open a new file at once, SQLite refuses one of them without waiting for the
    timeout.
    """
    deadline = monotonic() + OPEN_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if monotonic() > deadline:
                raise
            sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    deadline = options.get("deadline")
    waits = options.get("lock_seconds", LOCK_WAIT_SECONDS)
    # Each transaction sets the wait, because the transaction before may have shortened it.
    seconds = waits if deadline is None else deadline - monotonic()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {max(1, int(seconds * 1000))}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("changes") else "BEGIN")
