"""Connections and transactions on MariaDB, MySQL and SQLite, bounded in time.

Changes run at READ COMMITTED, reads in one consistent snapshot.

A connection carries a deadline, and each statement gets what is left of it: `limits`.
"""

import hashlib
import random
import sqlite3
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from bot.database.time_limits import (
    LOCK_WAIT_SECONDS,
    DeadlinePassed,
    limit_lock_waits,
    limit_statement,
)
from bot.database.tls import open_connection
from bot.models.refusals import Busy, DatabaseDown, OutcomeUnknown, ReadOnly

T = TypeVar("T")
Clock = Callable[[Connection], datetime]

POOL = 20
"""More than the requests (16) and the threads (4) there are at once: who waits for a connection
waits for a fault, and soon learns of it."""
POOL_SECONDS = 0.5
CONNECT_SECONDS = 2
OPEN_SECONDS = 10.0
"""How long a new SQLite file may be in the hands of another that opens it."""
# No statement of the bot may wait for an answer longer than this (the sampler's is the longest).
READ_SECONDS = 60
ATTEMPTS = 3

# It holds for the next transaction alone; the session stays at READ COMMITTED.
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

# dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html and MariaDB's error codes
# 1412: a table was altered or truncated after a read's snapshot was taken.
_AGAIN = {1213, 1047, 1412}
_LOST = {2003, 2006, 2013, 2055, 1053, 1927, 4031}
_SLOW = {1205, 1969, 3024, 1317, 3572}
_FULL = {1040, 1203, 1226}
_READ_ONLY = {1290, 1792, 1836}


class TooSlow(Exception):
    """A read did not end within the time it was given."""


class LostRace(Exception):
    """A guarded statement touched another number of rows than it must; the transaction is void."""


def connect(
    url: str,
    *,
    ca: str | None = None,
    pool: int = POOL,
    read_seconds: float = READ_SECONDS,
    lock_seconds: float = LOCK_WAIT_SECONDS,
    grace: float = 0.0,
) -> Engine:
    """An engine for the queue's database; `ca` is a file with the server's authority.

    A server that says nothing for `read_seconds` counts as gone; SQLite has no server. A statement
    waits `lock_seconds` for a lock. `grace` lengthens each `time_limit`, in seconds: the tests need
    it on a busy machine.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, pool, grace)
    arguments: dict[str, Any] = {
        "charset": "utf8mb4",
        "connect_timeout": CONNECT_SECONDS + grace,
        "read_timeout": read_seconds,
        "write_timeout": read_seconds,
        # MySQL's default of 1,024 bytes would cut what the items of a batch are hashed from.
        "init_command": "SET SESSION time_zone = '+00:00', "
        f"innodb_lock_wait_timeout = {int(lock_seconds)}, "
        "group_concat_max_len = 1048576",
    }
    if ca is not None:
        arguments["ssl"] = ssl.create_default_context(cafile=ca)
    engine = create_engine(
        # Under mariadb:// what is said to MySQL, and meant for MariaDB too, would not count.
        parsed.set(drivername="mysql+pymysql"),
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=POOL_SECONDS + grace,
        pool_recycle=1800,
        hide_parameters=True,
        execution_options={"grace": grace},
        connect_args=arguments,
    )
    event.listen(engine, "do_connect", open_connection)
    event.listen(engine, "begin", limit_lock_waits)
    event.listen(engine, "before_cursor_execute", limit_statement, retval=True)
    return engine


def _sqlite(url: str, pool: int, grace: float) -> Engine:
    database = make_url(url).database
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=POOL_SECONDS + grace,
        hide_parameters=True,
        execution_options={"grace": grace},
        connect_args={"check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "before_cursor_execute", limit_statement, retval=True)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    _log_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.create_function("sha2", 2, _sha2, deterministic=True)
    connection.create_function("concat_ws", -1, _concat_ws, deterministic=True)


def _log_ahead(connection: Any) -> None:
    """Let reads and a write go side by side.

    Of two that open a new file at once SQLite refuses one without waiting, whatever its timeout.
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
    # Said each time: the connection may have had a deadline before, and a wait as short as that.
    left = waits if deadline is None else deadline - monotonic()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {max(1, int(left * 1000))}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("changes") else "BEGIN")


def _sha2(value: object, bits: int) -> str | None:
    if value is None:
        return None
    raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
    return hashlib.new(f"sha{bits}", raw).hexdigest()


def _concat_ws(separator: object, *values: object) -> str:
    return str(separator).join(str(v) for v in values if v is not None)


def now_of(connection: Connection) -> datetime:
    """The database's clock, naive UTC with microseconds; every `now` of a transaction is this."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC).replace(tzinfo=None)
    value: datetime = connection.execute(text("SELECT UTC_TIMESTAMP(6)")).scalar_one()
    return value


def error_number(error: DBAPIError) -> int:
    """The server's error number, 0 where there is none (SQLite)."""
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0


def is_slow(error: DBAPIError) -> bool:
    """Whether a statement ran out of its time or waited too long for a lock."""
    words = str(error.orig)
    return error_number(error) in _SLOW or words.startswith(("interrupted", "database is locked"))


def is_lost(error: DBAPIError) -> bool:
    """Whether the connection, not the statement, failed."""
    return error.connection_invalidated or error_number(error) in _LOST


@contextmanager
def reading(engine: Engine, deadline: float | None = None) -> Iterator[Connection]:
    """A read-only transaction; a slow or unreachable database becomes a refusal.

    All its statements read one consistent snapshot, the one of the first that reads a table. At
    READ COMMITTED each statement would have its own, and two figures in one answer could disagree.
    """
    try:
        with engine.connect() as raw:
            connection = raw.execution_options(deadline=deadline)
            with connection.begin():
                # SQLite's BEGIN keeps a snapshot as it is.
                if connection.dialect.name != "sqlite":
                    connection.exec_driver_sql(_SNAPSHOT)
                yield connection
    except (PoolTimeout, DeadlinePassed) as error:
        raise Busy from error
    except DBAPIError as error:
        raise _refusal(error) from error


def allowed(bind: Engine | Connection, seconds: float) -> float:
    """How long something may take, in seconds: the usual time and the engine's `grace`."""
    grace: float = bind.get_execution_options().get("grace", 0.0)
    return seconds + grace


def time_limit(bind: Engine | Connection, seconds: float) -> float:
    """The moment of `monotonic()` at which something that may take `seconds` must end."""
    return monotonic() + allowed(bind, seconds)


def bounded(connection: Connection, statement: Any, seconds: float) -> Any:
    """The result of a SELECT that may take so long and no longer; raises `TooSlow`."""
    return bounded_until(connection, statement, time_limit(connection, seconds))


def bounded_until(connection: Connection, statement: Any, limit: float) -> Any:
    """The result of a SELECT that must end by this moment of `monotonic()`; raises `TooSlow`."""
    deadline = connection.get_execution_options().get("deadline")
    limit = limit if deadline is None else min(limit, deadline)
    try:
        return connection.execute(statement, execution_options={"deadline": limit})
    except DeadlinePassed as error:
        raise TooSlow from error
    except DBAPIError as error:
        if is_slow(error):
            raise TooSlow from error
        raise


def changing(
    engine: Engine,
    deadline: float,
    work: Callable[[Connection], T],
    settled: Callable[[Connection], T | None] | None = None,
) -> T:
    """Run `work` in one transaction and commit it, again after a deadlock or a lost connection.

    At most three times and never past `deadline`. Where the answer to COMMIT is lost, `settled`
    looks up what the transaction left: a value means that it was committed; without one it is run
    again. Raises `Busy`, `DatabaseDown`, `ReadOnly` or `OutcomeUnknown`; whatever else `work`
    raises rolls the transaction back and passes through.
    """
    change = _Change(engine, deadline, work, settled)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return change.attempt()
        except (PoolTimeout, DeadlinePassed) as error:
            raise (OutcomeUnknown() if change.in_doubt else Busy()) from error
        except LostRace as error:
            if attempt == ATTEMPTS:
                raise Busy from error
        except DBAPIError as error:
            again = change.failed(error)
            if not again or attempt == ATTEMPTS or monotonic() > deadline:
                raise (OutcomeUnknown() if change.in_doubt else _refusal(error)) from error
        # Jitter keeps two that collided from colliding again.
        _pause(random.uniform(0.005, 0.03) * attempt)  # noqa: S311 no secret hangs on it
    raise Busy


@dataclass
class _Change(Generic[T]):
    """A transaction that may have to be run more than once.

    `in_doubt` from COMMIT until its answer, and for as long as nobody could look it up.
    """

    engine: Engine
    deadline: float
    work: Callable[[Connection], T]
    settled: Callable[[Connection], T | None] | None
    in_doubt: bool = False

    def attempt(self) -> T:
        """Look up what a lost COMMIT left, else run the work and commit it."""
        with self.engine.connect() as raw:
            connection = raw.execution_options(deadline=self.deadline, changes=True)
            if self.in_doubt and self.settled is not None:
                with connection.begin():
                    known = self.settled(connection)
                if known is not None:
                    return known
            self.in_doubt = False
            transaction = connection.begin()
            try:
                result = self.work(connection)
            except BaseException:
                transaction.rollback()
                raise
            self.in_doubt = True
            transaction.commit()
            return result

    def failed(self, error: DBAPIError) -> bool:
        """Whether the transaction may be run again after this error."""
        lost, number = is_lost(error), error_number(error)
        self.in_doubt = self.in_doubt and lost
        if lost or number in _READ_ONLY:
            self.engine.dispose()
        return lost or number in _AGAIN or number in _READ_ONLY


_pause = threading.Event().wait


def _refusal(error: DBAPIError) -> Exception:
    number = error_number(error)
    if number in _READ_ONLY or "readonly database" in str(error.orig):
        return ReadOnly(reason="server")
    if is_slow(error) or number in _AGAIN or number in _FULL:
        return Busy()
    if is_lost(error) or number in (1044, 1045, 1049, 2002, 2026):
        return DatabaseDown()
    return error
