"""Limit each statement of a connection to the time that remains until its deadline.

`execution_options(deadline=…)` has the deadline in seconds of `time.monotonic()`. On MariaDB,
`SET STATEMENT max_statement_time` limits any statement and its lock waits. On SQLite, a progress
handler ends the statement. On MySQL, a hint limits only SELECT, and the session limits lock waits
in whole seconds. The socket has a timeout too, because a hanging server enforces no statement
limit.
"""

from time import monotonic
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPICursor, ExecutionContext

from bot.database.dialects import is_mariadb, is_sqlite

LOCK_WAIT_SECONDS = 2
"""The maximum wait of a statement for a locked row, on MariaDB and MySQL."""

ANSWER_SECONDS = 0.2
"""The extra wait after the deadline, so that the server's own timeout error can arrive."""
COMMIT_SECONDS = 0.5
"""The minimum time for COMMIT. Without the answer to COMMIT, the bot does not know the result."""
ROLLBACK_SECONDS = 0.5

_LIMITED = ("SELECT", "INSERT", "UPDATE", "DELETE")


class DeadlinePassed(Exception):
    """The deadline passed before a statement could start."""


class ServerSilent(DeadlinePassed):
    """The deadline passed while the bot waited for the server."""


def limit_statement(
    connection: Connection,
    _cursor: DBAPICursor,
    statement: str,
    parameters: object,
    context: ExecutionContext | None,
    executemany: bool,  # noqa: FBT001 SQLAlchemy's event passes it by position
) -> tuple[str, object]:
    """Handle SQLAlchemy's event before each statement; raises `DeadlinePassed`."""
    options = connection.get_execution_options() if context is None else context.execution_options
    deadline = options.get("deadline")
    remaining = None if deadline is None else deadline - monotonic()
    if remaining is not None and remaining <= 0 and not statement.startswith(("BEGIN", "PRAGMA")):
        raise DeadlinePassed
    if is_sqlite(connection):
        raw: Any = connection.connection.dbapi_connection
        handler = None if deadline is None else (lambda: 1 if monotonic() > deadline else 0)
        raw.set_progress_handler(handler, 50_000)
        return statement, parameters
    # The socket has the transaction's deadline, so one slow read does not close the connection.
    _limit_answer(connection, connection.get_execution_options().get("deadline"))
    if remaining is not None and not executemany:
        statement = limited(statement, remaining, on_mariadb=is_mariadb(connection))
    return statement, parameters


def _limit_answer(connection: Connection, deadline: float | None, least: float = 0.0) -> None:
    """Limit the wait for the next answer to the deadline; without a deadline, to the usual time."""
    raw: Any = connection.connection.dbapi_connection
    if deadline is None:
        raw.until = None
        return
    grace: float = connection.get_execution_options().get("grace", 0.0)
    raw.until = max(deadline + ANSWER_SECONDS, monotonic() + least) + grace


def limit_commit(connection: Connection) -> None:
    """Handle SQLAlchemy's event before COMMIT; servers have no time limit for COMMIT."""
    deadline = connection.get_execution_options().get("deadline")
    _limit_answer(connection, deadline, COMMIT_SECONDS)


def limit_rollback(connection: Connection) -> None:
    """Handle SQLAlchemy's event before ROLLBACK; a ROLLBACK may run after the deadline."""
    if not connection.invalidated:
        deadline = connection.get_execution_options().get("deadline")
        _limit_answer(connection, deadline, ROLLBACK_SECONDS)


def limit_reset(raw: Any, _record: object, _state: object) -> None:
    """Handle the pool's event before the ROLLBACK of a returned connection."""
    if raw is not None and raw.until is not None:
        raw.until = max(raw.until, monotonic() + ROLLBACK_SECONDS)


def limited(statement: str, seconds: float, *, on_mariadb: bool) -> str:
    """Add a time limit to the statement if the server supports it; the limit 0 would mean none."""
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
    """Handle SQLAlchemy's event at BEGIN: on MySQL, end a change's lock waits by its deadline."""
    options = connection.get_execution_options()
    if not options.get("changes") or is_mariadb(connection):
        return
    deadline = options.get("deadline")
    seconds = lock_wait(None if deadline is None else deadline - monotonic())
    connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {seconds}")


def lock_wait(remaining: float | None) -> int:
    """Return the maximum wait for a lock in whole seconds; MySQL's minimum is one second."""
    return (
        LOCK_WAIT_SECONDS if remaining is None else max(1, min(LOCK_WAIT_SECONDS, int(remaining)))
    )
