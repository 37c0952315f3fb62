"""The change freeze: one row that each change reads and locks in its transaction.

Every change holds a shared lock on the row until its commit, and a freeze updates the row. So a
freeze waits for running changes, and no change can commit after the freeze's commit. On Galera, a
lock has no effect on other nodes: a change that runs there at that time still commits.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.models.operations import Freeze
from bot.models.refusals import AlreadyFrozen, Frozen, NotFrozen
from bot.queue.moves import for_update
from bot.store.tables import change_freeze


@dataclass(frozen=True, slots=True)
class _Row:
    frozen_at: datetime | None
    frozen_by: str | None
    reason: str | None
    unfrozen_at: datetime | None
    unfrozen_by: str | None


_COLUMNS = (
    change_freeze.c.frozen_at,
    change_freeze.c.frozen_by,
    change_freeze.c.reason,
    change_freeze.c.unfrozen_at,
    change_freeze.c.unfrozen_by,
)
_CURRENT = select(*_COLUMNS)


def current(connection: Connection) -> Freeze | None:
    """Return the freeze in force, without a lock on the row."""
    return _freeze(_Row(*connection.execute(_CURRENT).one()))


def hold(connection: Connection) -> Freeze | None:
    """Return the freeze in force; lock the row, so that no freeze begins or ends until commit."""
    return _freeze(_Row(*connection.execute(select(*_COLUMNS).with_for_update(read=True)).one()))


def require_none(connection: Connection) -> None:
    """Raise `Frozen` if a freeze is in force; otherwise prevent a freeze until the commit."""
    if (freeze := hold(connection)) is not None:
        raise Frozen(by=freeze.by, at=freeze.at, reason=freeze.reason)


def begin(connection: Connection, by: str, reason: str | None, now: datetime) -> Freeze:
    """Begin a freeze after the running changes have ended; raises `AlreadyFrozen`."""
    if (freeze := _freeze(_locked(connection))) is not None:
        raise AlreadyFrozen(by=freeze.by, at=freeze.at)
    connection.execute(
        update(change_freeze).values(frozen_at=now, frozen_by=by[:64], reason=reason)
    )
    return Freeze(by=by, at=now, reason=reason)


def end(connection: Connection, by: str, now: datetime) -> Freeze:
    """Allow changes again and return the freeze that ended; raises `NotFrozen`."""
    row = _locked(connection)
    freeze = _freeze(row)
    if freeze is None:
        raise NotFrozen(by=row.unfrozen_by, at=row.unfrozen_at)
    ended = {"frozen_at": None, "frozen_by": None, "reason": None}
    connection.execute(update(change_freeze).values(**ended, unfrozen_at=now, unfrozen_by=by[:64]))
    return freeze


def _locked(connection: Connection) -> _Row:
    return _Row(*connection.execute(for_update(select(*_COLUMNS))).one())


def _freeze(row: _Row) -> Freeze | None:
    if row.frozen_at is None or row.frozen_by is None:
        return None
    return Freeze(by=row.frozen_by, at=row.frozen_at, reason=row.reason)
