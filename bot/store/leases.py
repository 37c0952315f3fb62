"""Leases: only the holder of a lease may run its work. An epoch fences off earlier holders.

The database's clock decides when a lease expires.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, select, update

from bot.database.transactions import Clock, read_time, time_column
from bot.queue.moves import for_update
from bot.store.tables import leases

TTL = timedelta(seconds=10)
"""A lease expires after this time. Its holder renews the lease after a third of this time. Other
replicas poll at least every 3 s, so a takeover ends within 15 s."""


LATEST = timedelta(minutes=5)
"""An expiry that is later than this is not written by a replica; clocks of a cluster may differ."""


class LeaseLost(Exception):
    """Another replica holds the lease: the transaction must roll back."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act as `name` until another replica has a higher `epoch`."""

    name: str
    owner: str
    epoch: int


def is_free(owner: str, expires: datetime, now: datetime) -> bool:
    """Return whether no replica holds the lease with these values.

    No replica writes an expiry later than `TTL` from now. A later expiry comes from a statement of
    a person, or from a clock that was set back; it would stop the background work of all replicas.
    """
    return not owner or not now < expires <= now + LATEST


def take(connection: Connection, name: str, owner: str, now: datetime) -> Lease | None:
    """Renew the lease or take over an expired lease; return None if another replica holds it."""
    row = connection.execute(for_update(select(leases).where(leases.c.name == name))).one()
    if row.owner != owner and not is_free(row.owner, row.expires, now):
        return None
    held = row.owner == owner and row.expires > now
    epoch = row.epoch if held else row.epoch + 1
    connection.execute(
        update(leases)
        .where(leases.c.name == name, leases.c.epoch == row.epoch)
        .values(owner=owner, epoch=epoch, since=row.since if held else now, expires=now + TTL)
    )
    return Lease(name, owner, epoch)


def renew(connection: Connection, lease: Lease, now: datetime) -> bool:
    """Renew the lease; return False if it has expired or another replica holds it."""
    held = update(leases).where(leases.c.name == lease.name, _held(lease), leases.c.expires > now)
    return connection.execute(held.values(expires=now + TTL)).rowcount == 1


def release(connection: Connection, lease: Lease, now: datetime) -> None:
    """Release the lease when the process stops, so that another replica can take over at once."""
    connection.execute(
        update(leases)
        .where(leases.c.name == lease.name, _held(lease))
        .values(owner="", expires=now)
    )


def fence(connection: Connection, lease: Lease, clock: Clock) -> datetime:
    """Lock the lease's row until the transaction ends and return the time, or raise `LeaseLost`.

    Every transaction of a holder starts with this call. So a holder that was paused until its lease
    expired cannot change any row.
    """
    time = time_column(connection).label("now")
    held = select(leases.c.epoch, time).where(leases.c.name == lease.name, _held(lease))
    row = connection.execute(for_update(held)).first()
    if row is None:
        raise LeaseLost
    return read_time(connection, clock, row.now)


def is_held(lease: Lease) -> ColumnElement[bool]:
    """Return the condition for a change without a transaction: this lease is still held."""
    return select(leases.c.epoch).where(leases.c.name == lease.name, _held(lease)).exists()


def _held(lease: Lease) -> ColumnElement[bool]:
    return and_(leases.c.owner == lease.owner, leases.c.epoch == lease.epoch)


def lock_lease(connection: Connection, name: str) -> None:
    """Lock the lease's row until the transaction ends; other transactions wait for this lock."""
    connection.execute(for_update(select(leases.c.epoch).where(leases.c.name == name))).one()
