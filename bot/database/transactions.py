"""Transactions on MariaDB, MySQL and SQLite, bounded in time.

Changes run at READ COMMITTED, reads in one consistent snapshot.

A connection carries a deadline, and each statement gets what is left of it: `time_limits`.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, text
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

# It holds for the next transaction alone; the session stays at READ COMMITTED.
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class TooSlow(Exception):
    """A read did not end within the time it was given."""


class LostRace(Exception):
    """A guarded statement touched another number of rows than it must; the transaction is void."""


def now_of(connection: Connection) -> datetime:
    """The database's clock, naive UTC with microseconds; every `now` of a transaction is this."""
    if is_sqlite(connection):
        return datetime.now(UTC).replace(tzinfo=None)
    value: datetime = connection.execute(text("SELECT UTC_TIMESTAMP(6)")).scalar_one()
    return value


@contextmanager
def reading(engine: Engine, deadline: float | None = None) -> Iterator[Connection]:
    """A read-only transaction; a slow or unreachable database becomes a refusal.

    All its statements read one consistent snapshot, the one of the first that reads a table. At
    READ COMMITTED each statement would have its own, and two figures in one answer could disagree.
    """
    try:
        with _checked_out(engine, deadline) as raw:
            connection = raw.execution_options(deadline=deadline)
            with connection.begin():
                # SQLite's BEGIN keeps a snapshot as it is.
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
    """A connection of the pool, probed or opened by the deadline."""
    with connecting_by(None if deadline is None else allowed(engine, deadline)):
        return engine.connect()


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
            if silence := _silence(error, deadline):
                raise (OutcomeUnknown() if change.in_doubt else Busy()) from silence
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
        with _checked_out(self.engine, self.deadline) as raw:
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
        lost, read_only = is_lost(error), is_read_only_server(error)
        self.in_doubt = self.in_doubt and lost
        if lost or read_only:
            self.engine.dispose()
        return lost or read_only or is_conflict(error)


_pause = threading.Event().wait


def _silence(error: DBAPIError, deadline: float | None) -> ServerSilent | None:
    """The error as silence, where a connection was given up because its time was over."""
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
