"""Sealing: the leader links committed records to the chain and rejects forged records."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select

from bot.models.refusals import AuditKeyMissing
from bot.models.requests import SYSTEM
from bot.store.audit.audit_log import SealedRecord, insert_record, mac_of
from bot.store.audit.chain import (
    ChainForged,
    RecordOrigin,
    Tail,
    change_of,
    digest_of,
    is_forged,
    key_record,
    link_of,
    tail,
)
from bot.store.audit.keys import FIRST, LOST, ROTATED, AuditKey, AuditKeys, KeyChange, is_equal
from bot.store.cursors import position, reset, set_position
from bot.store.tables import audit, audit_chain, audit_rejected

log = structlog.get_logger(__name__)

SEAL_ROWS = 200
SETTLED_AFTER = timedelta(minutes=10)
"""No transaction of the bot lasts this long. So when a record is this old, all records with lower
ids are committed."""


def seal(
    connection: Connection,
    now: datetime,
    keys: AuditKeys,
    origin: RecordOrigin,
    rows: int = SEAL_ROWS,
) -> list[SealedRecord]:
    """Seal up to `rows` committed records in id order; the caller has checked the lease.

    A record whose HMAC is missing, wrong or copied is not linked; it is stored as rejected. Raises
    `ChainForged` or `AuditKeyMissing` if no record may be sealed.
    """
    last = tail(connection)
    if is_forged(connection, last, keys):
        raise ChainForged(last.seq)
    settled = _settled_cursor(connection, now)
    waiting = _waiting(connection, settled, rows)
    sealing = _Sealing(connection, now, keys, last)
    if last.key_id is None and keys.newest is None:
        for record in waiting:
            sealing.link(record, None)
    elif last.key_id is None:
        _begin(sealing, waiting, origin, is_complete=len(waiting) < rows)
    else:
        _continue(sealing, waiting)
    if len(waiting) < rows:
        _settle(connection, now, settled)
    return sealing.links


class _Sealing:
    """The links that one transaction appends."""

    def __init__(self, connection: Connection, now: datetime, keys: AuditKeys, last: Tail) -> None:
        self.connection = connection
        self.now = now
        self.keys = keys
        self.last = last
        self.links: list[SealedRecord] = []

    def link(self, record: RowMapping, key: AuditKey | None) -> None:
        """Append a link for the record."""
        seq, prev = self.last.seq + 1, self.last.hash
        digest = digest_of(record, self.last.digest)
        key_id = None if key is None else key.id
        hash_ = link_of(seq, prev, digest, key)
        self.last = Tail(seq, prev, hash_, digest, key_id, change_of(record))
        values = {"seq": seq, "prev": prev, "hash": hash_, "digest": digest, "key_id": key_id}
        self.connection.execute(insert(audit_chain).values(audit_id=record["id"], **values))
        self.links.append(SealedRecord(seq, hash_, record))

    def link_signed(self, record: RowMapping, key: AuditKey) -> None:
        """Append a link for a record with a valid HMAC, or store the reason of the rejection."""
        reason = self._fault(record)
        if reason is None:
            self.link(record, key)
            return
        log.error("audit record rejected", record=record["id"], because=reason)
        self.connection.execute(
            insert(audit_rejected).values(audit_id=record["id"], reason=reason, at=self.now)
        )

    def _fault(self, record: RowMapping) -> str | None:
        """Return the reason why a record cannot be sealed, or None.

        The HMAC may be missing, wrong or copied; the HMAC's key may be unknown or replaced.
        """
        if record["mac"] is None or record["key_id"] is None:
            return "missing"
        key = self.keys.by_id(record["key_id"])
        if key is None:
            return "unknown-key"
        if not is_equal(record["mac"], mac_of(record, key)):
            return "wrong"
        change = change_of(record)
        if change is not None and change.segment == ROTATED and key.id != self.last.active:
            # A replaced key must not name the next key.
            return "old-key"
        copied = (
            select(audit_chain.c.seq)
            .join(audit, audit.c.id == audit_chain.c.audit_id)
            .where(audit.c.mac == record["mac"])
        )
        return "copy" if self.connection.execute(copied.limit(1)).first() is not None else None


def _unlinked() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions for records that are neither sealed nor rejected."""
    linked = select(audit_chain.c.seq).where(audit_chain.c.audit_id == audit.c.id)
    rejected = select(audit_rejected.c.audit_id).where(audit_rejected.c.audit_id == audit.c.id)
    return ~linked.exists(), ~rejected.exists()


def _waiting(connection: Connection, settled: int, rows: int) -> Sequence[RowMapping]:
    query = select(audit).where(audit.c.id > settled, *_unlinked())
    return connection.execute(query.order_by(audit.c.id).limit(rows)).mappings().all()


def _begin(
    sealing: _Sealing, waiting: Sequence[RowMapping], origin: RecordOrigin, *, is_complete: bool
) -> None:
    """Seal records that have no HMAC; then begin the part of the chain that has a key."""
    for record in waiting:
        if record["mac"] is None:
            sealing.link(record, None)
    key = sealing.keys.newest
    if not is_complete or key is None:
        return
    change = KeyChange(FIRST, key.id)
    record_id = insert_record(
        sealing.connection, key_record(change, sealing.now, origin, SYSTEM, "background"), key
    )
    first = sealing.connection.execute(select(audit).where(audit.c.id == record_id)).mappings()
    sealing.link(first.one(), key)
    for record in waiting:
        if record["mac"] is not None:
            sealing.link_signed(record, key)


def _continue(sealing: _Sealing, waiting: Sequence[RowMapping]) -> None:
    """Seal the waiting records with the active key; one of these records may change the key."""
    for record in sorted(waiting, key=lambda one: not _is_begun_by(one, sealing)):
        change = change_of(record)
        key = sealing.keys.by_id(sealing.last.active)
        if _is_begun_by(record, sealing) and change is not None:
            key = sealing.keys.by_id(change.key_id)
        if key is None:
            _require_links(sealing)
            return
        sealing.link_signed(record, key)
    if sealing.keys.by_id(sealing.last.active) is None:
        _require_links(sealing)


def _require_links(sealing: _Sealing) -> None:
    """Raise `AuditKeyMissing`, but not if this transaction has links that must be committed."""
    if not sealing.links:
        raise AuditKeyMissing(key=str(sealing.last.active))


def _is_begun_by(record: RowMapping, sealing: _Sealing) -> bool:
    """Return whether a record begins a new part of the chain because the active key is lost."""
    change = change_of(record)
    if change is None or change.segment != LOST or change.before != sealing.last.active:
        return False
    return record["key_id"] == change.key_id and sealing.keys.by_id(change.key_id) is not None


def _settled_cursor(connection: Connection, now: datetime) -> int:
    """Return the id up to which every record is sealed; reset the cursor if it is too high.

    Without the reset, records up to a cursor that is too high would never be sealed.
    """
    settled = position(connection, "audit_settled")
    if not _is_ahead(connection, now, settled):
        return settled
    settled = _sealed_long_ago(connection)
    reset(connection, "audit_settled", settled, now)
    return settled


def _is_ahead(connection: Connection, now: datetime, settled: int) -> bool:
    """Return whether the cursor is above every record, or above a record that is not sealed."""
    newest = connection.execute(select(func.max(audit.c.id))).scalar() or 0
    if settled > newest:
        return True
    young = select(audit.c.id).where(
        audit.c.at >= now - SETTLED_AFTER, audit.c.id <= settled, *_unlinked()
    )
    return connection.execute(young.limit(1)).first() is not None


def _sealed_long_ago(connection: Connection) -> int:
    """Return the id of a record that is over 10 min older than the last sealed record, or 0.

    All records with lower ids are sealed or rejected.
    """
    last = select(func.max(audit_chain.c.audit_id)).scalar_subquery()
    row = connection.execute(select(audit.c.id, audit.c.at).where(audit.c.id == last)).first()
    if row is None:
        return 0
    earlier = select(audit.c.id).where(audit.c.id < row.id, audit.c.at < row.at - SETTLED_AFTER)
    return connection.execute(earlier.order_by(audit.c.id.desc()).limit(1)).scalar() or 0


def _settle(connection: Connection, now: datetime, settled: int) -> None:
    old = connection.execute(
        select(func.max(audit.c.id)).where(audit.c.id > settled, audit.c.at < now - SETTLED_AFTER)
    ).scalar()
    if old is not None:
        set_position(connection, "audit_settled", old)
