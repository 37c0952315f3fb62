"""The chain of the audit log: the leader links committed records in the order of their ids.

A link's `digest` covers the link's record and every earlier record. With a key, the link's `hash`
is an HMAC over `digest` and the previous link; without a key, `hash` equals `digest`. So one link
whose key the replica holds proves the content of all older links. This includes links that were
made with replaced keys.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, select

from bot.models.refusals import AuditKeyMissing
from bot.store.audit.audit_log import (
    Columns,
    Record,
    compact,
    insert_record,
    plain,
)
from bot.store.audit.keys import (
    KEY_CHANGE,
    ROTATED,
    AuditKey,
    AuditKeys,
    KeyChange,
    is_equal,
)
from bot.store.tables import audit, audit_chain

GENESIS = "0" * 64


class ChainForged(Exception):
    """The newest link was made without the chain's key, so the bot seals no record."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The last link. `change` is the key change in the link's record; it applies to later links."""

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
        """Return whether this link was made with the key."""
        return is_equal(self.hash, link_of(self.seq, self.prev, self.digest, key))


@dataclass(frozen=True, slots=True)
class RecordOrigin:
    """The replica that seals; the record of the chain's first key names this replica."""

    replica: str
    version: str


def digest_of(record: Columns, before: str) -> str:
    """Return the SHA-256 (64 hex digits) of the previous digest and all columns of the record."""
    values = [plain(record[column.name]) for column in audit.columns]
    return hashlib.sha256(f"{before}\n{compact(values)}".encode()).hexdigest()


def link_of(seq: int, prev: str, digest: str, key: AuditKey | None) -> str:
    """Return the hash of a link."""
    return digest if key is None else key.mac(f"link\n{seq}\n{prev}\n{digest}")


def change_of(record: Columns) -> KeyChange | None:
    """Return the key change that a record contains, or None."""
    if record["action"] != KEY_CHANGE or record["outcome"] != "ok":
        return None
    try:
        return KeyChange.of(json.loads(record["arguments"]))
    except (ValueError, RecursionError):
        # A forged record must not stop the sealing of other records.
        return None


def _last_link(connection: Connection, *columns: Column[Any]) -> RowMapping | None:
    """Return these columns of the last link, with the action of its record."""
    c = audit_chain.c
    query = (
        select(*columns, audit.c.action, audit.c.outcome, audit.c.arguments)
        .select_from(audit_chain.outerjoin(audit, audit.c.id == c.audit_id))
        .order_by(c.seq.desc())
        .limit(1)
    )
    return connection.execute(query).mappings().first()


def tail(connection: Connection) -> Tail:
    """Return the last link, or a link with seq 0 and zeros if the chain is empty."""
    row = _last_link(connection, *audit_chain.c)
    if row is None:
        return Tail()
    names = ("seq", "prev", "hash", "digest", "key_id")
    return Tail(**{name: row[name] for name in names}, change=change_of(row))


def _active_key(connection: Connection) -> str | None:
    """Return the active key's name. Every change calls this, so it reads only a few columns."""
    row = _last_link(connection, audit_chain.c.seq, audit_chain.c.key_id)
    if row is None:
        return None
    return Tail(seq=row["seq"], key_id=row["key_id"], change=change_of(row)).active


def signing_key(connection: Connection, keys: AuditKeys) -> AuditKey | None:
    """Return the key that signs a new record; None only if neither chain nor replica has a key.

    Raises `AuditKeyMissing` if the replica lacks the active key, because the record could never be
    sealed.
    """
    active = _active_key(connection)
    key = keys.newest if active is None else keys.by_id(active)
    if active is not None and key is None:
        raise AuditKeyMissing(key=active)
    return key


def write(connection: Connection, record: Record, keys: AuditKeys) -> int:
    """Insert the record with its HMAC in the caller's transaction; return its id."""
    return insert_record(connection, record, signing_key(connection, keys))


def is_forged(connection: Connection, last: Tail, keys: AuditKeys) -> bool:
    """Return whether the last link was made without the key that it names, or wrongly has no key.

    After the first link with a key, every link must have a key.
    """
    if last.key_id is not None:
        key = keys.by_id(last.key_id)
        return key is not None and not last.is_made_by(key)
    if keys.newest is None:
        return False
    keyed = select(audit_chain.c.seq).where(audit_chain.c.key_id.is_not(None)).limit(1)
    return connection.execute(keyed).first() is not None


def key_record(
    change: KeyChange,
    now: datetime,
    origin: RecordOrigin,
    actor: str,
    source: str,
    detail: str | None = None,
) -> Record:
    """Return the audit record of a key change."""
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
        version=origin.version,
        replica=origin.replica,
        arguments=change.arguments,
    )
