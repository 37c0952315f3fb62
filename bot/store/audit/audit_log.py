"""The audit log: who did what, and the result; INSERT only, sealed later into a hash chain.

A record is written in the transaction of its change, without a link: a chain built at insert would
fork or make all writers wait for each other. The holder of the watcher's lease seals committed
records; `seq` is the primary key of the chain, so the chain cannot fork.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select

from bot.database.transactions import now_of
from bot.masking.masker import mask_text, mask_value
from bot.models.operations import AuditLine, Named, Target
from bot.store.audit import targets as subjects
from bot.store.cursors import position, set_position
from bot.store.operations import batches
from bot.store.tables import archive, audit, audit_chain

GENESIS = "0" * 64
SEAL_ROWS = 200
SETTLED_AFTER = timedelta(minutes=10)
"""No transaction of the bot stays open this long, so ids below such an old id are all committed."""

ENDED = ("done", "cancelled", "stopped")
"""The outcomes of a bulk change's last record."""

_SEALED_COLUMNS = tuple(column.name for column in audit.columns)


@dataclass(frozen=True, slots=True)
class Record:
    """An audit record before it has an id; `named` are the rows that a refused request named."""

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


def write(connection: Connection, record: Record) -> int:
    """Insert the record and its targets in the caller's transaction; return its id."""
    result = connection.execute(
        insert(audit).values(
            at=record.at,
            request_id=record.request_id,
            actor=record.actor[:64],
            team=record.team,
            detail=record.detail,
            source=record.source,
            role=record.role,
            rule=record.rule[:191],
            action=record.action[:32],
            arguments=_compact(record.arguments),
            targets=_compact([target.model_dump() for target in record.targets]),
            channel=record.channel,
            message_ts=record.message_ts,
            outcome=record.outcome,
            reason=record.reason,
            answer=record.answer,
            version=record.version,
            replica=record.replica,
        )
    )
    audit_id = int(result.lastrowid)
    subjects.note(connection, audit_id, record.targets, record.named, record.arguments)
    return audit_id


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)


def last_removal(connection: Connection, kind: str, row_id: int) -> LastChange | None:
    """Return who last retried or deleted the row with this id, by archive and audit log.

    A removal that an undo reversed does not count.
    """
    row = connection.execute(
        select(audit.c.actor, archive.c.action, archive.c.archived_at)
        .join(audit, audit.c.request_id == archive.c.request_id)
        .where(
            archive.c.kind == kind,
            archive.c.row_id == row_id,
            archive.c.restored_at.is_(None),
        )
        .order_by(archive.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else LastChange(row.actor, row.action, row.archived_at)


def line(row: RowMapping, seq: int | None = None, link: str | None = None) -> AuditLine:
    """Return a record as the history and the audit channel show it.

    The record stays as it was sealed. An old one may have secrets, which are masked here.
    """
    values = {name: row[name] for name in AuditLine.model_fields if name in row}
    values |= {
        "targets": mask_value(json.loads(row["targets"])),
        "arguments": _compact(mask_value(json.loads(row["arguments"]))),
        "answer": mask_text(row["answer"]),
        "seq": seq,
        "hash": link,
    }
    return AuditLine.model_validate(values)


def hash_of(record: RowMapping, prev: str) -> str:
    """Return the SHA-256 (64 hex digits) of the previous link and every column of the record."""
    values = [_sealed_value(record[name]) for name in _SEALED_COLUMNS]
    return hashlib.sha256(f"{prev}\n{_compact(values)}".encode()).hexdigest()


def _sealed_value(value: object) -> object:
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def seal(connection: Connection, now: datetime, rows: int = SEAL_ROWS) -> list[SealedRecord]:
    """Seal up to `rows` committed records in id order; the caller has checked the lease."""
    settled = position(connection, "audit_settled")
    linked = select(audit_chain.c.seq).where(audit_chain.c.audit_id == audit.c.id).exists()
    waiting = (
        connection.execute(
            select(audit).where(audit.c.id > settled, ~linked).order_by(audit.c.id).limit(rows)
        )
        .mappings()
        .all()
    )
    seq, prev = tail(connection)
    links: list[SealedRecord] = []
    for record in waiting:
        seq += 1
        link = hash_of(record, prev)
        links.append(SealedRecord(seq, link, record))
        connection.execute(
            insert(audit_chain).values(seq=seq, audit_id=record["id"], prev=prev, hash=link)
        )
        prev = link
    if len(waiting) < rows:
        _settle(connection, now, settled)
    return links


def _settle(connection: Connection, now: datetime, settled: int) -> None:
    old = connection.execute(
        select(func.max(audit.c.id)).where(audit.c.id > settled, audit.c.at < now - SETTLED_AFTER)
    ).scalar()
    if old is not None:
        set_position(connection, "audit_settled", old)


def tail(connection: Connection) -> tuple[int, str]:
    """Return the last link's `seq` and hash; 0 and zeros for an empty chain."""
    row = connection.execute(
        select(audit_chain.c.seq, audit_chain.c.hash).order_by(audit_chain.c.seq.desc()).limit(1)
    ).first()
    return (0, GENESIS) if row is None else (row.seq, row.hash)


def sealed(connection: Connection, seqs: Sequence[int]) -> list[SealedRecord]:
    """Return the sealed records with these `seq`, in order."""
    rows = connection.execute(
        select(audit, audit_chain.c.seq, audit_chain.c.hash.label("link"))
        .join(audit_chain, audit_chain.c.audit_id == audit.c.id)
        .where(audit_chain.c.seq.in_(seqs))
        .order_by(audit_chain.c.seq)
    ).mappings()
    return [SealedRecord(row["seq"], row["link"], row) for row in rows]


def verify(
    connection: Connection, anchors: Mapping[int, str] | None = None, page: int = 1_000
) -> Iterator[str]:
    """Yield one sentence for each fault of the chain.

    `anchors` maps a `seq` to the first digits of the hash in the audit channel; with anchors a cut
    tail and a rewritten chain are found too. The rows of a bulk change are compared as long as its
    items are kept.
    """
    pending = dict(anchors or {})
    kept_since = now_of(connection) - batches.ITEMS_KEPT
    seq, prev = 0, GENESIS
    while True:
        rows = (
            connection.execute(
                select(
                    audit,
                    audit_chain.c.seq,
                    audit_chain.c.audit_id,
                    audit_chain.c.prev,
                    audit_chain.c.hash.label("link"),
                )
                .select_from(audit_chain)
                .join(audit, audit_chain.c.audit_id == audit.c.id, isouter=True)
                .where(audit_chain.c.seq > seq)
                .order_by(audit_chain.c.seq)
                .limit(page)
            )
            .mappings()
            .all()
        )
        for row in rows:
            yield from _faults(row, seq, prev)
            if row["id"] is not None and row["outcome"] in ENDED and row["at"] > kept_since:
                yield from _items(connection, row)
            anchor = pending.pop(row["seq"], None)
            if anchor is not None and not row["link"].startswith(anchor):
                yield f"Link {row['seq']} is not the one that was posted: the chain was rewritten."
            seq, prev = row["seq"], row["link"]
        if len(rows) < page:
            break
    for missing in sorted(pending):
        yield f"Link {missing} was posted but is not in the chain: its tail was cut off."
    yield from _unsealed(connection)


def _faults(row: RowMapping, seq: int, prev: str) -> Iterator[str]:
    """Yield the faults of a link and its record; the link before is `seq` with the hash `prev`."""
    if row["seq"] != seq + 1:
        yield f"Links {seq + 1} to {row['seq'] - 1} are missing from the chain."
    if row["prev"] != prev:
        yield f"Link {row['seq']} does not follow the link before it."
    if row["id"] is None:
        yield f"Record {row['audit_id']} of link {row['seq']} was removed."
    elif hash_of(row, row["prev"]) != row["link"]:
        yield f"Record {row['audit_id']} of link {row['seq']} was changed."


def _items(connection: Connection, record: RowMapping) -> Iterator[str]:
    """Yield a sentence if a bulk change's record does not match the rows that it moved."""
    arguments = json.loads(record["arguments"])
    number, digest = arguments.get("operation"), arguments.get("items_digest")
    if isinstance(number, int) and batches.items_digest(connection, number) != digest:
        yield f"The items of operation {number} are not those of record {record['id']}."


def _unsealed(connection: Connection) -> Iterator[str]:
    settled = position(connection, "audit_settled")
    linked = select(audit_chain.c.seq).where(audit_chain.c.audit_id == audit.c.id).exists()
    lost = connection.execute(
        select(func.count()).select_from(audit).where(audit.c.id <= settled, ~linked)
    ).scalar_one()
    if lost:
        yield f"{lost} old records are not in the chain: they were added or their links removed."
