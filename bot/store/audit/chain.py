"""The chain of the audit log: committed records are linked in id order by the leader.

A link's `digest` covers the record and every record before it. With a key, its `hash` is an HMAC
over `digest` and the link before; without a key it is the digest itself. So a link whose key is
held also proves the content of all older links, also those of keys that were replaced.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select

from bot.models.refusals import AuditKeyMissing
from bot.store.audit.audit_log import (
    Columns,
    Record,
    SealedRecord,
    compact,
    insert_record,
    mac_of,
    plain,
)
from bot.store.audit.keys import (
    FIRST,
    KEY_CHANGE,
    LOST,
    ROTATED,
    AuditKey,
    AuditKeys,
    KeyChange,
    is_equal,
)
from bot.store.cursors import position, reset, set_position
from bot.store.tables import audit, audit_chain, audit_rejected

log = structlog.get_logger(__name__)

GENESIS = "0" * 64
SEAL_ROWS = 200
SETTLED_AFTER = timedelta(minutes=10)
"""No transaction of the bot stays open this long, so ids below such an old id are all committed."""
SYSTEM = "queue-bot"
"""The actor of records that the background work writes by itself."""


class ChainForged(Exception):
    """The newest link was not made by a replica with the chain's key, so nothing is sealed."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The last link; `change` is what its record says about the key of the links that follow."""

    seq: int = 0
    prev: str = GENESIS
    hash: str = GENESIS
    digest: str = GENESIS
    key_id: str | None = None
    change: KeyChange | None = None

    @property
    def active(self) -> str | None:
        """Return the name of the key that the next link must have; None without a key."""
        if self.key_id is None or self.change is None or self.change.segment != ROTATED:
            return self.key_id
        return self.change.key_id

    def is_made_by(self, key: AuditKey) -> bool:
        """Return whether this link is the key's."""
        return is_equal(self.hash, link_of(self.seq, self.prev, self.digest, key))


@dataclass(frozen=True, slots=True)
class Writer:
    """The replica that seals, for the record of the chain's first key."""

    replica: str
    version: str


def digest_of(record: Columns, before: str) -> str:
    """Return the SHA-256 (64 hex digits) of every column of the record and the digest before."""
    values = [plain(record[column.name]) for column in audit.columns]
    return hashlib.sha256(f"{before}\n{compact(values)}".encode()).hexdigest()


def link_of(seq: int, prev: str, digest: str, key: AuditKey | None) -> str:
    """Return the hash of a link."""
    return digest if key is None else key.mac(f"link\n{seq}\n{prev}\n{digest}")


def change_of(record: Columns) -> KeyChange | None:
    """Return what a record says about the chain's key."""
    if record["action"] != KEY_CHANGE or record["outcome"] != "ok":
        return None
    try:
        return KeyChange.of(json.loads(record["arguments"]))
    except (ValueError, RecursionError):
        # A forged record must not stop the sealing of the others.
        return None


def tail(connection: Connection) -> Tail:
    """Return the last link; seq 0 and zeros for an empty chain."""
    c = audit_chain.c
    row = (
        connection.execute(
            select(audit_chain, audit.c.action, audit.c.outcome, audit.c.arguments)
            .select_from(audit_chain.outerjoin(audit, audit.c.id == c.audit_id))
            .order_by(c.seq.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    if row is None:
        return Tail()
    names = ("seq", "prev", "hash", "digest", "key_id")
    return Tail(**{name: row[name] for name in names}, change=change_of(row))


def signing_key(connection: Connection, keys: AuditKeys) -> AuditKey | None:
    """Return the key of a new record; None only if neither chain nor replica has one.

    Raises `AuditKeyMissing`: a record without the active key would never be sealed.
    """
    active = tail(connection).active
    key = keys.newest if active is None else keys.by_id(active)
    if active is not None and key is None:
        raise AuditKeyMissing(key=active)
    return key


def write(connection: Connection, record: Record, keys: AuditKeys) -> int:
    """Insert the record with its HMAC in the caller's transaction; return its id."""
    return insert_record(connection, record, signing_key(connection, keys))


def is_forged(connection: Connection, last: Tail, keys: AuditKeys) -> bool:
    """Return whether the last link was not made with the key that it names, or lacks one.

    Links without a key end for good at the first link with one.
    """
    if last.key_id is not None:
        key = keys.by_id(last.key_id)
        return key is not None and not last.is_made_by(key)
    if keys.newest is None:
        return False
    keyed = select(audit_chain.c.seq).where(audit_chain.c.key_id.is_not(None)).limit(1)
    return connection.execute(keyed).first() is not None


def seal(
    connection: Connection, now: datetime, keys: AuditKeys, writer: Writer, rows: int = SEAL_ROWS
) -> list[SealedRecord]:
    """Seal up to `rows` committed records in id order; the caller has checked the lease.

    A record whose HMAC is missing, wrong or a copy is not linked, but stored as rejected. Raises
    `ChainForged` or `AuditKeyMissing` if nothing may be sealed.
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
        _begin(sealing, waiting, writer, is_complete=len(waiting) < rows)
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
        """Append a record."""
        seq, prev = self.last.seq + 1, self.last.hash
        digest = digest_of(record, self.last.digest)
        key_id = None if key is None else key.id
        hash_ = link_of(seq, prev, digest, key)
        self.last = Tail(seq, prev, hash_, digest, key_id, change_of(record))
        values = {"seq": seq, "prev": prev, "hash": hash_, "digest": digest, "key_id": key_id}
        self.connection.execute(insert(audit_chain).values(audit_id=record["id"], **values))
        self.links.append(SealedRecord(seq, hash_, record))

    def link_signed(self, record: RowMapping, key: AuditKey) -> None:
        """Append a record that a replica with a key wrote, or store why it is rejected."""
        reason = self._fault(record)
        if reason is None:
            self.link(record, key)
            return
        log.error("audit record rejected", record=record["id"], because=reason)
        self.connection.execute(
            insert(audit_rejected).values(audit_id=record["id"], reason=reason, at=self.now)
        )

    def _fault(self, record: RowMapping) -> str | None:
        """Return why a record cannot be sealed: its HMAC is missing, wrong, unknown or a copy."""
        if record["mac"] is None or record["key_id"] is None:
            return "missing"
        key = self.keys.by_id(record["key_id"])
        if key is None:
            return "unknown-key"
        if not is_equal(record["mac"], mac_of(record, key)):
            return "wrong"
        change = change_of(record)
        if change is not None and change.segment == ROTATED and key.id != self.last.active:
            # A replaced key must not name the next one.
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
    sealing: _Sealing, waiting: Sequence[RowMapping], writer: Writer, *, is_complete: bool
) -> None:
    """Seal the records from before the first key without one, then begin the part with a key."""
    for record in waiting:
        if record["mac"] is None:
            sealing.link(record, None)
    key = sealing.keys.newest
    if not is_complete or key is None:
        return
    change = KeyChange(FIRST, key.id)
    record_id = insert_record(
        sealing.connection, key_record(change, sealing.now, writer, SYSTEM, "background"), key
    )
    first = sealing.connection.execute(select(audit).where(audit.c.id == record_id)).mappings()
    sealing.link(first.one(), key)
    for record in waiting:
        if record["mac"] is not None:
            sealing.link_signed(record, key)


def _continue(sealing: _Sealing, waiting: Sequence[RowMapping]) -> None:
    """Seal records with the active key, which a record among them may change."""
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
    """Raise `AuditKeyMissing` unless this transaction sealed something, which must be committed."""
    if not sealing.links:
        raise AuditKeyMissing(key=str(sealing.last.active))


def _is_begun_by(record: RowMapping, sealing: _Sealing) -> bool:
    """Return whether a record begins a part with a new key, because the active one is lost."""
    change = change_of(record)
    if change is None or change.segment != LOST or change.before != sealing.last.active:
        return False
    return record["key_id"] == change.key_id and sealing.keys.by_id(change.key_id) is not None


def key_record(
    change: KeyChange,
    now: datetime,
    writer: Writer,
    actor: str,
    source: str,
    detail: str | None = None,
) -> Record:
    """Return the record of a change of the key."""
    return Record(
        at=now,
        request_id=hashlib.sha256(f"{change}{now}".encode()).hexdigest(),
        actor=actor,
        detail=detail,
        source=source,
        role="none",
        rule="audit key",
        action=KEY_CHANGE,
        outcome="ok",
        version=writer.version,
        replica=writer.replica,
        arguments=change.arguments,
    )


def _settled_cursor(connection: Connection, now: datetime) -> int:
    """Return the id up to which every record is sealed; reset the cursor if it is too high.

    Otherwise a moved cursor would end the sealing while changes go on.
    """
    settled = position(connection, "audit_settled")
    if not _is_ahead(connection, now, settled):
        return settled
    settled = _sealed_long_ago(connection)
    reset(connection, "audit_settled", settled, now)
    return settled


def _is_ahead(connection: Connection, now: datetime, settled: int) -> bool:
    """Return whether the cursor is above every record, or above one that waits to be sealed."""
    newest = connection.execute(select(func.max(audit.c.id))).scalar() or 0
    if settled > newest:
        return True
    young = select(audit.c.id).where(
        audit.c.at >= now - SETTLED_AFTER, audit.c.id <= settled, *_unlinked()
    )
    return connection.execute(young.limit(1)).first() is not None


def _sealed_long_ago(connection: Connection) -> int:
    """Return a record long before the last sealed one: none below it can wait."""
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
