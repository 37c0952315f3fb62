"""Verify the whole audit log once a day, one page at a time, and post the result."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.app.dispatch import request_id
from bot.app.setup import Setup
from bot.background.leader import leader_snapshot, leader_transaction
from bot.models.requests import SYSTEM
from bot.models.roles import Role
from bot.store.audit import audit_log, chain, daily, verification
from bot.store.audit.verification import ChainWalk
from bot.store.leases import Lease

log = structlog.get_logger(__name__)

VERIFY_EVERY = 600.0
"""Seconds between two checks for a due verification."""
NEXT_PAGE = 2.0
"""Seconds between two pages.

A page takes four statements, and an idle bot may send five statements a second.
"""
DAILY = timedelta(days=1)
MOST_SENTENCES = 5


class ChainVerifier:
    """The verification of the audit log, page by page.

    A new leader starts a new verification, because the progress is not stored. The last link of a
    verification is an anchor for the next verification, even if the database was changed.
    """

    def __init__(self) -> None:
        self._walk: ChainWalk | None = None
        self._faults: list[str] = []
        self._anchors: dict[int, str] = {}
        self._again_at = datetime.min  # noqa: DTZ901 naive UTC, like the database's time

    def verify_once(self, setup: Setup, lease: Lease) -> bool:
        """Verify the next page if a verification is due; return True if pages remain."""
        with leader_snapshot(setup) as connection:
            now = setup.clock(connection)
            if self._walk is None:
                if now < self._again_at or not _is_due(connection, now):
                    return False
                posts = setup.audit_channel is not None
                self._faults = []
                self._walk = verification.start(
                    connection, setup.audit_keys, self._anchors, posts=posts
                )
            rows = verification.next_rows(connection, self._walk, verification.PAGE)
            self._faults += verification.faults_of(connection, self._walk, rows, now)
            if len(rows) == verification.PAGE:
                return True
            self._faults += verification.end_faults(connection, self._walk)
        self._finish(setup, lease, self._walk, now)
        return False

    def _finish(self, setup: Setup, lease: Lease, walk: ChainWalk, now: datetime) -> None:
        """Log the faults and write a record; the record's message is the anchor of this day."""
        self._walk, self._again_at = None, now + DAILY
        self._anchors = {walk.seq: walk.prev}
        for sentence in self._faults[:MOST_SENTENCES]:
            log.error("audit log has a fault", fault=sentence)
        record = _record(setup, walk, self._faults, now)
        leader_transaction(
            setup, lease, lambda connection, _now: chain.write(connection, record, setup.audit_keys)
        )


def _is_due(connection: Connection, now: datetime) -> bool:
    """Return whether the last verification is a day old; without one, whether the log is."""
    last = daily.last(connection)
    since = daily.oldest_record_at(connection) if last is None else last.at
    return since is not None and since <= now - DAILY


def _record(setup: Setup, walk: ChainWalk, faults: list[str], now: datetime) -> audit_log.Record:
    sentences = " ".join(faults[:MOST_SENTENCES])
    return audit_log.Record(
        at=now,
        request_id=request_id(daily.ACTION, setup.replica, now),
        actor=SYSTEM,
        source="background",
        role=Role.NONE.word,
        rule="none",
        action=daily.ACTION,
        arguments={"links": walk.seq, "hash": walk.prev[:16], "faults": len(faults)},
        outcome="failed" if faults else "ok",
        answer=sentences or f"The chain holds: {walk.seq} records, #{walk.seq} {walk.prev[:8]}.",
        version=setup.version,
        replica=setup.replica,
    )
