"""Transactions on MariaDB, MySQL and SQLite, each with a time limit.

Changes run at READ COMMITTED, reads in one consistent snapshot.

A connection has a deadline; `time_limits` limits each statement to the remaining time.
"""

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    func,
    literal,
    literal_column,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.database.connection import connecting_by
from bot.database.dialects import is_sqlite
from bot.database.errors import (
    is_conflict,
    is_full,
    is_lost,
    is_read_only,
    is_read_only_server,
    is_savepoint_missing,
    is_slow,
    is_unreachable,
)
from bot.database.time_limits import DeadlinePassed, ServerSilent
from bot.models.refusals import Busy, DatabaseDown, OutcomeUnknown, ReadOnly

T = TypeVar("T")
Clock = Callable[[Connection], datetime]

ATTEMPTS = 3

# This applies only to the next transaction; the session stays at READ COMMITTED.
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class TooSlow(Exception):
    """A read exceeded its time limit."""


class LostRace(Exception):
    """A guarded statement changed an unexpected number of rows; the transaction must roll back."""


def now_of(connection: Connection) -> datetime:
    """Return the database's time, naive UTC with microseconds; every `now` is this value."""
    if is_sqlite(connection):
        return datetime.now(UTC).replace(tzinfo=None)
    value: datetime = connection.execute(text("SELECT UTC_TIMESTAMP(6)")).scalar_one()
    return value


def time_column(connection: Connection) -> ColumnElement[datetime]:
    """Return the time of `now_of` as a column, so that one statement reads it with other data."""
    if is_sqlite(connection):
        return literal(now_of(connection), DateTime)
    return func.utc_timestamp(literal_column("6"), type_=DateTime)


def read_time(connection: Connection, clock: Clock, now: datetime) -> datetime:
    """Return `now`, a value of `time_column`, or the time of a clock that a test moves."""
    return now if clock is now_of else clock(connection)


@contextmanager
def polling(engine: Engine, deadline: float | None) -> Iterator[Connection]:
    """Read with single statements without a transaction; raises the errors of `reading`.

    On an engine that commits each statement, a read takes one round trip.
    """
    try:
        with _checked_out(engine, deadline) as raw:
            yield raw.execution_options(deadline=deadline)
    except (PoolTimeout, DeadlinePassed) as error:
        raise Busy from error
    except DBAPIError as error:
        if silence := _silence(error, deadline):
            raise Busy from silence
        raise _refusal(error) from error


@contextmanager
def reading(engine: Engine, deadline: float | None = None) -> Iterator[Connection]:
    """Run a read-only transaction; raise a refusal if the database is slow or unreachable.

    All statements read one consistent snapshot, which the first read of a table creates. At READ
    COMMITTED each statement would read a new snapshot, and two figures in an answer could disagree.
    """
    with polling(engine, deadline) as connection, connection.begin():
        # SQLite's BEGIN already provides a snapshot.
        if not is_sqlite(connection):
            connection.exec_driver_sql(_SNAPSHOT)
        yield connection


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Run the block in a savepoint; if the block fails, undo only the block and raise its error.

    A deadlock rolls back the whole transaction, with its savepoints. The rollback to the savepoint
    then fails too, and its error would hide the deadlock from `changing`, which runs the
    transaction again.
    """
    first: DBAPIError | None = None
    try:
        with connection.begin_nested():
            try:
                yield
            except DBAPIError as error:
                first = error
                raise
    except DBAPIError as error:
        if first is not None and is_savepoint_missing(error):
            raise first from first.__cause__
        raise


def _checked_out(engine: Engine, deadline: float | None) -> Connection:
    """Return a connection from the pool, which was probed or opened before the deadline."""
    with connecting_by(None if deadline is None else allowed(engine, deadline)):
        return engine.connect()


def allowed(bind: Engine | Connection, seconds: float) -> float:
    """Return a time limit in seconds: the usual time plus the engine's `grace`."""
    grace: float = bind.get_execution_options().get("grace", 0.0)
    return seconds + grace


def time_limit(bind: Engine | Connection, seconds: float) -> float:
    """Return the time of `monotonic()` after `seconds` and the engine's `grace`."""
    return monotonic() + allowed(bind, seconds)


def bounded(
    connection: Connection,
    statement: Any,
    seconds: float,
    values: Mapping[str, object] | None = None,
) -> Any:
    """Return the result of a SELECT that may take at most `seconds`; raises `TooSlow`.

    `values` are the values of its parameters.
    """
    return bounded_until(connection, statement, time_limit(connection, seconds), values)


def bounded_until(
    connection: Connection,
    statement: Any,
    limit: float,
    values: Mapping[str, object] | None = None,
) -> Any:
    """Return the result of a SELECT that ends by `limit` (`monotonic()`); raises `TooSlow`."""
    deadline = connection.get_execution_options().get("deadline")
    limit = limit if deadline is None else min(limit, deadline)
    try:
        return connection.execute(statement, values, execution_options={"deadline": limit})
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
    """Run and commit `work` as a transaction; retry after a deadlock or a lost connection.

    The transaction runs at most three times and never after `deadline`. If the answer to COMMIT is
    lost, `settled` reads the database. A value from `settled` means that the transaction was
    committed; None means that it runs again. Raises `Busy`, `DatabaseDown`, `ReadOnly` or
    `OutcomeUnknown`. Any other error of `work` rolls back the transaction and is raised again.
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
            may_repeat = change.failed(error)
            if silence := _silence(error, deadline):
                raise (OutcomeUnknown() if change.in_doubt else Busy()) from silence
            if not may_repeat or attempt == ATTEMPTS or monotonic() > deadline:
                raise (OutcomeUnknown() if change.in_doubt else _refusal(error)) from error
        # A random wait prevents a second conflict between the same two transactions.
        _pause(random.uniform(0.005, 0.03) * attempt)  # noqa: S311 not a secret
    raise Busy


def changing_once(
    polling_engine: Engine, engine: Engine, seconds: float, work: Callable[[Connection], T]
) -> T:
    """Run `work`, which changes rows with one statement and may run again; commit it.

    A polling engine commits each statement, so the change is one round trip. If `engine` also
    polls, the change is a transaction. Raises the errors of `changing`.
    """
    if polling_engine is engine:
        return changing(engine, time_limit(engine, seconds), work)
    with polling(polling_engine, time_limit(polling_engine, seconds)) as connection:
        return work(connection)


@dataclass
class _Change(Generic[T]):
    """A transaction that may have to run more than once.

    `in_doubt`: COMMIT was sent, and the bot does not know its result yet.
    """

    engine: Engine
    deadline: float
    work: Callable[[Connection], T]
    settled: Callable[[Connection], T | None] | None
    in_doubt: bool = False

    def attempt(self) -> T:
        """Return the result of an earlier COMMIT that succeeded, or run the work and commit it."""
        with _checked_out(self.engine, self.deadline) as raw:
            connection = raw.execution_options(deadline=self.deadline, changes=True)
            if self.in_doubt and self.settled is not None:
                with connection.begin():
                    committed = self.settled(connection)
                if committed is not None:
                    return committed
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
        """Whether the transaction may run again after this error."""
        lost, read_only = is_lost(error), is_read_only_server(error)
        self.in_doubt = self.in_doubt and lost
        if lost or read_only:
            self.engine.dispose()
        return lost or read_only or is_conflict(error)


_pause = threading.Event().wait


def _silence(error: DBAPIError, deadline: float | None) -> ServerSilent | None:
    """Return the error as `ServerSilent` if the connection was lost after the deadline."""
    if deadline is None or not is_lost(error) or monotonic() < deadline:
        return None
    silence = ServerSilent()
    silence.__cause__ = error
    return silence


def _refusal(error: DBAPIError) -> Exception:
    if is_read_only(error):
        return ReadOnly(reason="server")
    if is_slow(error) or is_conflict(error) or is_full(error):
        return Busy()
    if is_unreachable(error):
        return DatabaseDown()
    return error
