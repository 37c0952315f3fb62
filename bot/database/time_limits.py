"""What is left of a connection's time, as a limit on each of its statements.

The deadline is in `execution_options(deadline=…)`, seconds of `time.monotonic()`. MariaDB cuts any
statement by `SET STATEMENT max_statement_time`, its lock waits too; SQLite is asked by a progress
handler. MySQL can limit only SELECT, by a hint; its lock waits end by the session's own limit, in
whole seconds. The socket has a limit too: a server that is silent answers no statement's.
"""

from time import monotonic
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPICursor, ExecutionContext

from bot.database.dialects import is_mariadb, is_sqlite

LOCK_WAIT_SECONDS = 2
"""What a statement may wait for a row that somebody has locked, on MariaDB and MySQL."""

ANSWER_SECONDS = 0.2
"""What an answer may take beyond the deadline, so that a server's own "too slow" still arrives."""
COMMIT_SECONDS = 0.5
"""The least that COMMIT may take: without its answer nobody knows whether anything changed."""
ROLLBACK_SECONDS = 0.5

_LIMITED = ("SELECT", "INSERT", "UPDATE", "DELETE")


class DeadlinePassed(Exception):
    """The time was over before a statement could start."""


class ServerSilent(DeadlinePassed):
    """The time was over while the server said nothing."""


def limit_statement(
    connection: Connection,
    _cursor: DBAPICursor,
    statement: str,
    parameters: object,
    context: ExecutionContext | None,
    executemany: bool,  # noqa: FBT001 SQLAlchemy's event hands it over so
) -> tuple[str, object]:
    """SQLAlchemy's event before each statement; raises `DeadlinePassed`."""
    options = connection.get_execution_options() if context is None else context.execution_options
    deadline = options.get("deadline")
    left = None if deadline is None else deadline - monotonic()
    if left is not None and left <= 0 and not statement.startswith(("BEGIN", "PRAGMA")):
        raise DeadlinePassed
    if is_sqlite(connection):
        raw: Any = connection.connection.dbapi_connection
        handler = None if deadline is None else (lambda: 1 if monotonic() > deadline else 0)
        raw.set_progress_handler(handler, 50_000)
        return statement, parameters
    # By the transaction's deadline: a single read that is too slow must not cost the connection.
    _limit_answer(connection, connection.get_execution_options().get("deadline"))
    if left is not None and not executemany:
        statement = limited(statement, left, on_mariadb=is_mariadb(connection))
    return statement, parameters


def _limit_answer(connection: Connection, deadline: float | None, least: float = 0.0) -> None:
    """Let the answer to what is sent next come by the deadline, or wait the usual time."""
    raw: Any = connection.connection.dbapi_connection
    if deadline is None:
        raw.until = None
        return
    grace: float = connection.get_execution_options().get("grace", 0.0)
    raw.until = max(deadline + ANSWER_SECONDS, monotonic() + least) + grace


def limit_commit(connection: Connection) -> None:
    """SQLAlchemy's event before COMMIT, which no server limits."""
    deadline = connection.get_execution_options().get("deadline")
    _limit_answer(connection, deadline, COMMIT_SECONDS)


def limit_rollback(connection: Connection) -> None:
    """SQLAlchemy's event before ROLLBACK, which comes after the deadline as well."""
    if not connection.invalidated:
        deadline = connection.get_execution_options().get("deadline")
        _limit_answer(connection, deadline, ROLLBACK_SECONDS)


def limit_reset(raw: Any, _record: object, _state: object) -> None:
    """The pool's event before the ROLLBACK of a connection that comes back to it."""
    if raw is not None and raw.until is not None:
        raw.until = max(raw.until, monotonic() + ROLLBACK_SECONDS)


def limited(statement: str, seconds: float, *, on_mariadb: bool) -> str:
    """The statement with its limit, where the server knows one for it; 0 would mean no limit."""
    word = statement.lstrip()[:6].upper()
    if word not in _LIMITED:
        return statement
    if on_mariadb:
        return f"SET STATEMENT max_statement_time={max(seconds, 0.001):.3f} FOR {statement}"
    if word != "SELECT":
        return statement
    milliseconds = max(1, int(seconds * 1000))
    return f"SELECT /*+ MAX_EXECUTION_TIME({milliseconds}) */{statement.lstrip()[6:]}"


def limit_lock_waits(connection: Connection) -> None:
    """SQLAlchemy's event at BEGIN: on MySQL, let a change wait no longer than it has time."""
    options = connection.get_execution_options()
    if not options.get("changes") or is_mariadb(connection):
        return
    deadline = options.get("deadline")
    seconds = lock_wait(None if deadline is None else deadline - monotonic())
    connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {seconds}")


def lock_wait(left: float | None) -> int:
    """Whole seconds that a lock may be waited for; one is the least that MySQL knows."""
    return LOCK_WAIT_SECONDS if left is None else max(1, min(LOCK_WAIT_SECONDS, int(left)))
