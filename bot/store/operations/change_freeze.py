"""Whether all changes are off: one row, read and held in the transaction of each change.

Every change holds the row shared until it commits, and a freeze changes it: so a freeze waits for
the changes under way, and once it is committed none can commit any more. On Galera a lock does not
reach the other nodes: what they have under way at that moment still commits.
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


def current(connection: Connection) -> Freeze | None:
    """The freeze that is in force, as far as a read shows."""
    return _freeze(_Row(*connection.execute(select(*_COLUMNS)).one()))


def hold(connection: Connection) -> Freeze | None:
    """The freeze in force; until this transaction ends, none can come into force or end."""
    return _freeze(_Row(*connection.execute(select(*_COLUMNS).with_for_update(read=True)).one()))


def require_none(connection: Connection) -> None:
    """Raise `Frozen` where changes are off; else they cannot be switched off until the commit."""
    if (found := hold(connection)) is not None:
        raise Frozen(by=found.by, at=found.at, reason=found.reason)


def begin(connection: Connection, by: str, reason: str | None, now: datetime) -> Freeze:
    """Switch changes off, once those under way have ended; raises `AlreadyFrozen`."""
    if (found := _freeze(_locked(connection))) is not None:
        raise AlreadyFrozen(by=found.by, at=found.at)
    connection.execute(
        update(change_freeze).values(frozen_at=now, frozen_by=by[:64], reason=reason)
    )
    return Freeze(by=by, at=now, reason=reason)


def end(connection: Connection, by: str, now: datetime) -> Freeze:
    """Allow changes again and return the freeze that ended; raises `NotFrozen`."""
    row = _locked(connection)
    found = _freeze(row)
    if found is None:
        raise NotFrozen(by=row.unfrozen_by, at=row.unfrozen_at)
    ended = {"frozen_at": None, "frozen_by": None, "reason": None}
    connection.execute(update(change_freeze).values(**ended, unfrozen_at=now, unfrozen_by=by[:64]))
    return found


def _locked(connection: Connection) -> _Row:
    return _Row(*connection.execute(for_update(select(*_COLUMNS))).one())


def _freeze(row: _Row) -> Freeze | None:
    if row.frozen_at is None or row.frozen_by is None:
        return None
    return Freeze(by=row.frozen_by, at=row.frozen_at, reason=row.reason)
