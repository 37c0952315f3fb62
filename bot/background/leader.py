"""Transactions of the leader: the replica that holds the lease and does the shared work."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from bot.app.setup import Setup
from bot.database.transactions import changing, reading, time_limit
from bot.store.leases import Lease, fence

T = TypeVar("T")

SECONDS = 10.0
"""The time limit of a transaction of the leader; an unrenewed lease expires after this time."""


def leader_transaction(
    setup: Setup,
    lease: Lease,
    work: Callable[[Connection, datetime], T],
    seconds: float | None = None,
) -> T:
    """Run `work` in one transaction and commit it, if this replica still holds the lease.

    The transaction locks the lease's row first, and that statement reads the time for `work`. A
    leader that was paused until its lease expired changes nothing and raises `LeaseLost`. The
    function also raises the errors of `changing`.
    """

    def fenced(connection: Connection) -> T:
        return work(connection, fence(connection, lease, setup.clock))

    return changing(setup.engine, time_limit(setup.engine, seconds or SECONDS), fenced)


def leader_snapshot(
    setup: Setup, seconds: float | None = None
) -> AbstractContextManager[Connection]:
    """Return a read-only transaction for the leader's reads before a change."""
    return reading(setup.engine, time_limit(setup.engine, seconds or SECONDS))
