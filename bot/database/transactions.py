"""Transactions on MariaDB, MySQL and SQLite, bounded in time.

Changes run at READ COMMITTED, reads in one consistent snapshot.

A connection has a deadline; `time_limits` gives each statement the time that remains.
"""

import random
import threading
from collections.abc import Callable, Iterator
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
from bot.database.dialects import (
    is_conflict,
    is_full,
    is_lost,
    is_read_only,
    is_read_only_server,
    is_slow,
    is_sqlite,
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
    """Return the database's time, naive UTC with microseconds; every `now` comes from here."""
    if is_sqlite(connection):
        return datetime.now(UTC).replace(tzinfo=None)
    value: datetime = connection.execute(text("SELECT UTC_TIMESTAMP(6)")).scalar_one()
    return value


def time_column(connection: Connection) -> ColumnElement[datetime]:
    """Return the time of `now_of` as a column of a statement that reads something else too."""
    if is_sqlite(connection):
        return literal(now_of(connection), DateTime)
    return func.utc_timestamp(literal_column("6"), type_=DateTime)


@contextmanager
def polling(engine: Engine, deadline: float) -> Iterator[Connection]:
    """Read by single statements without a transaction; errors are those of `reading`.

    On an engine that commits each statement, a read is one round trip.
    """
    try:
        with _checked_out(engine, deadline) as raw:
            yield raw.execution_options(deadline=deadline)
    except (PoolTimeout, DeadlinePassed) as error:
        raise Busy from error
    except DBAPIError as error:
        raise _refusal(error) from error


@contextmanager
def reading(engine: Engine, deadline: float | None = None) -> Iterator[Connection]:
    """Run a read-only transaction; turn a slow or unreachable database into a refusal.

    All statements read one consistent snapshot, taken when the first of them reads a table. At
    READ COMMITTED each statement would have its own, and two figures in one answer could disagree.
    """
    try:
        with _checked_out(engine, deadline) as raw:
            connection = raw.execution_options(deadline=deadline)
            with connection.begin():
                # SQLite's BEGIN already provides a snapshot.
                if not is_sqlite(connection):
                    connection.exec_driver_sql(_SNAPSHOT)
                yield connection
    except (PoolTimeout, DeadlinePassed) as error:
        raise Busy from error
    except DBAPIError as error:
        if silence := _silence(error, deadline):
            raise Busy from silence
        raise _refusal(error) from error


def _checked_out(engine: Engine, deadline: float | None) -> Connection:
    """Return a connection of the pool, probed or opened before the deadline."""
    with connecting_by(None if deadline is None else allowed(engine, deadline)):
        return engine.connect()


def allowed(bind: Engine | Connection, seconds: float) -> float:
    """Return a time limit in seconds: the usual time plus the engine's `grace`."""
    grace: float = bind.get_execution_options().get("grace", 0.0)
    return seconds + grace


def time_limit(bind: Engine | Connection, seconds: float) -> float:
    """Return the moment of `monotonic()` that is `seconds` and the engine's `grace` from now."""
    return monotonic() + allowed(bind, seconds)


def bounded(connection: Connection, statement: Any, seconds: float) -> Any:
    """Return the result of a SELECT that may take at most `seconds`; raises `TooSlow`."""
    return bounded_until(connection, statement, time_limit(connection, seconds))


def bounded_until(connection: Connection, statement: Any, limit: float) -> Any:
    """Return the result of a SELECT that ends by `limit` (`monotonic()`); raises `TooSlow`."""
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
    """Run `work` in one transaction and commit it; repeat it after a deadlock or lost connection.

    It runs at most three times and never past `deadline`. If the answer to COMMIT is lost,
    `settled` reads the database: a value means that the transaction was committed; otherwise it
    runs again. Raises `Busy`, `DatabaseDown`, `ReadOnly` or `OutcomeUnknown`. Any other error of
    `work` rolls the transaction back and is raised again.
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
        # Jitter keeps two transactions that collided from colliding again.
        _pause(random.uniform(0.005, 0.03) * attempt)  # noqa: S311 not a secret
    raise Busy


@dataclass
class _Change(Generic[T]):
    """A transaction that may have to run more than once.

    `in_doubt`: COMMIT was sent, and neither its answer nor a look-up has shown its result yet.
    """

    engine: Engine
    deadline: float
    work: Callable[[Connection], T]
    settled: Callable[[Connection], T | None] | None
    in_doubt: bool = False

    def attempt(self) -> T:
        """Return the result of a lost COMMIT if it succeeded; else run the work and commit it."""
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
