"""The audit log: who ran which action, and the result. Records are inserted and never updated.

The transaction of a change writes the record without a link. If writers appended links themselves,
the chain would fork, or all writers would wait for each other. The holder of the watcher's lease
seals committed records later (`chain`). `seq` is the chain's primary key, so the chain cannot fork.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from bot.masking.masker import mask_text, mask_value
from bot.models.audit import AuditLine, Named, Target
from bot.store.audit import targets
from bot.store.audit.keys import AuditKey
from bot.store.audit.stored_json import read_arguments, read_targets
from bot.store.restored_copies import not_restored
from bot.store.tables import archive, audit, audit_chain

ENDED = ("done", "cancelled", "stopped")
"""The possible outcomes of the last record that a bulk change writes."""

FOLDED = "refusals"
"""The action of a record that counts further refusals of one person."""

_SIGNED_COLUMNS = tuple(column.name for column in audit.columns if column.name not in ("id", "mac"))

Columns = Mapping[str, Any] | RowMapping
"""The columns of a record, before or after the insert."""


@dataclass(frozen=True, slots=True)
class Record:
    """An audit record before the insert.

    `named` are the rows that a refused request named, and `named_subjects` the subjects in its
    filter, in addition to the order and the shop.
    """

    at: datetime
    request_id: str
    actor: str
    source: str
    role: str
    rule: str
    action: str
    outcome: str
    version: str
    replica: str
    arguments: Mapping[str, Any]
    targets: Sequence[Target] = ()
    named: Sequence[Named] = ()
    named_subjects: Mapping[str, str] = field(default_factory=dict)
    team: str | None = None
    detail: str | None = None
    channel: str | None = None
    message_ts: str | None = None
    reason: str | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """An audit record with its link in the chain."""

    seq: int
    hash: str
    record: RowMapping


@dataclass(frozen=True, slots=True)
class LastChange:
    """Who last changed a row, by which action, and when (naive UTC)."""

    actor: str
    action: str
    at: datetime


def insert_record(connection: Connection, record: Record, key: AuditKey | None) -> int:
    """Insert the record and its targets in the caller's transaction; return its id.

    With a key, the record gets an HMAC over all its columns except the id. The nonce makes each
    HMAC unique, so that sealing recognizes a copied record.
    """
    values: dict[str, Any] = {
        "at": record.at,
        "request_id": record.request_id,
        "actor": record.actor[:64],
        "team": record.team,
        "detail": record.detail,
        "source": record.source,
        "role": record.role,
        "rule": record.rule[:191],
        "action": record.action[:32],
        "arguments": compact(record.arguments),
        "targets": compact([target.model_dump() for target in record.targets]),
        "channel": record.channel,
        "message_ts": record.message_ts,
        "outcome": record.outcome,
        "reason": record.reason,
        "answer": record.answer,
        "version": record.version,
        "replica": record.replica,
    }
    if key is not None:
        values |= {"key_id": key.id, "nonce": secrets.token_hex(16)}
        values["mac"] = mac_of(values, key)
    result = connection.execute(insert(audit).values(values))
    audit_id = int(result.lastrowid)
    targets.note(
        connection,
        audit_id,
        record.targets,
        record.named,
        record.arguments,
        record.named_subjects,
    )
    return audit_id


def mac_of(record: Columns, key: AuditKey) -> str:
    """Return the HMAC of a record over all its columns except the id."""
    values = [plain(record[name]) for name in _SIGNED_COLUMNS]
    return key.mac(f"record\n{compact(values)}")


def plain(value: object) -> object:
    """Return a column's value as a JSON value."""
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def compact(value: object) -> str:
    """Return a value as JSON; equal values give equal texts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)


def last_removal(connection: Connection, kind: str, row_id: int) -> LastChange | None:
    """Return who last retried or deleted the row with this id; read the archive and the audit log.

    A removal that an undo reversed does not count.
    """
    row = connection.execute(
        select(audit.c.actor, archive.c.action, archive.c.archived_at)
        .join(audit, audit.c.request_id == archive.c.request_id)
        .where(
            archive.c.kind == kind,
            archive.c.row_id == row_id,
            not_restored(),
        )
        .order_by(archive.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else LastChange(row.actor, row.action, row.archived_at)


def line(row: RowMapping, seq: int | None = None, link: str | None = None) -> AuditLine:
    """Return a record as the history and the audit channel show it.

    The stored record does not change. An old record may contain secrets; this function masks them.
    """
    values = {name: row[name] for name in AuditLine.model_fields if name in row}
    values |= {
        "targets": mask_value([one.model_dump() for one in read_targets(row["targets"])]),
        "arguments": compact(mask_value(read_arguments(row["arguments"]))),
        "answer": mask_text(row["answer"]),
        "seq": seq,
        "hash": link,
    }
    return AuditLine.model_validate(values)


def sealed_after(connection: Connection, seq: int, limit: int) -> list[SealedRecord]:
    """Return up to `limit` sealed records after link `seq`, ordered by `seq`."""
    # The join excludes links of purged records. Otherwise a page would have too few records.
    linked = audit_chain.join(audit, audit.c.id == audit_chain.c.audit_id)
    following = select(audit_chain.c.seq).select_from(linked).where(audit_chain.c.seq > seq)
    seqs = connection.execute(following.order_by(audit_chain.c.seq).limit(limit)).scalars().all()
    return sealed(connection, seqs)


def sealed(connection: Connection, seqs: Sequence[int]) -> list[SealedRecord]:
    """Return the sealed records with these `seq`, ordered by `seq`."""
    rows = connection.execute(
        select(audit, audit_chain.c.seq, audit_chain.c.hash.label("link"))
        .join(audit_chain, audit_chain.c.audit_id == audit.c.id)
        .where(audit_chain.c.seq.in_(seqs))
        .order_by(audit_chain.c.seq)
    ).mappings()
    return [SealedRecord(row["seq"], row["link"], row) for row in rows]
