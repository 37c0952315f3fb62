"""One record sums up old refusals. The records of the refusals are deleted; their links stay."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select

from bot.store.audit.audit_log import FOLDED, Record, compact, mac_of
from bot.store.audit.chain import RecordOrigin, write
from bot.store.audit.keys import AuditKeys, is_equal
from bot.store.audit.stored_json import read_arguments
from bot.store.tables import audit, audit_chain, audit_subjects, audit_targets

PURGED = "audit-purge"
"""The action of a record that sums up refusals; its outcome is `ok`."""
REFUSED = ("denied", "refused")
ROWS = 1_000
PEOPLE = 100
"""The most people that a record names; the refusals of all other people are counted together."""


@dataclass
class Checkpoint:
    """A record that sums up refusals: the links that it covers, and the digest of these links."""

    audit_id: int
    seqs: Sequence[tuple[int, int]]
    digest: str
    links: list[tuple[int, str]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether `links` are exactly the links that existed when the record was written."""
        return matches(self.digest, self.links)


def matches(digest: str, links: Sequence[tuple[int, str]]) -> bool:
    """Return whether a record's digest is the digest of these links."""
    return is_equal(digest, digest_of_links(links))


def sum_up(
    connection: Connection,
    before: datetime,
    keys: AuditKeys,
    origin: RecordOrigin,
    now: datetime,
    actor: str,
    detail: str,
) -> int:
    """Replace up to `ROWS` sealed refusals older than `before` by a record; return their number."""
    rows = _sealed_refusals(connection, before)
    if not rows:
        return 0
    record = Record(
        at=now,
        request_id=hashlib.sha256(f"{PURGED} {now} {rows[0]['seq']}".encode()).hexdigest(),
        actor=actor,
        detail=detail,
        source="terminal",
        role="none",
        rule="audit purge",
        action=PURGED,
        outcome="ok",
        version=origin.version,
        replica=origin.replica,
        arguments=_summary(rows, before),
    )
    write(connection, record, keys)
    ids = [row["id"] for row in rows]
    for table in (audit_subjects, audit_targets):
        connection.execute(delete(table).where(table.c.audit_id.in_(ids)))
    connection.execute(delete(audit).where(audit.c.id.in_(ids)))
    return len(rows)


def _sealed_refusals(connection: Connection, before: datetime) -> Sequence[RowMapping]:
    """Return up to `ROWS` refusals that are older than `before`, in the order of the chain."""
    query = (
        select(
            audit.c.id,
            audit.c.actor,
            audit.c.action,
            audit.c.arguments,
            audit_chain.c.seq,
            audit_chain.c.digest,
        )
        .join(audit_chain, audit_chain.c.audit_id == audit.c.id)
        .where(audit.c.outcome.in_(REFUSED), audit.c.at < before)
        .order_by(audit_chain.c.seq)
        .limit(ROWS)
    )
    return connection.execute(query).mappings().all()


def checkpoints(connection: Connection, keys: AuditKeys) -> Iterator[Checkpoint]:
    """Yield the checkpoints that are linked, or that have a valid HMAC and wait for their link."""
    # After the first link with a key, every link has a key.
    newest = select(audit_chain.c.key_id).order_by(audit_chain.c.seq.desc()).limit(1)
    query = (
        select(audit, audit_chain.c.seq, newest.scalar_subquery().label("chain_key"))
        .outerjoin(audit_chain, audit_chain.c.audit_id == audit.c.id)
        .where(audit.c.action == PURGED, audit.c.outcome == "ok")
        .order_by(audit.c.id)
    )
    for row in connection.execute(query).mappings():
        values = _values(row["arguments"])
        if values is not None and is_written_by_bot(row, keys):
            seqs = [(int(first), int(last)) for first, last in values["seqs"]]
            yield Checkpoint(row["id"], seqs, str(values["digest"]))


def _values(arguments: str) -> Mapping[str, Any] | None:
    values = read_arguments(arguments)
    is_complete = isinstance(values.get("seqs"), list)
    return values if is_complete and all(_is_range(one) for one in values["seqs"]) else None


def _is_range(value: object) -> bool:
    is_pair = isinstance(value, list) and len(value) == 2
    return is_pair and isinstance(value, list) and all(isinstance(seq, int) for seq in value)


def is_written_by_bot(row: RowMapping, keys: AuditKeys) -> bool:
    """Return whether the bot wrote the record; a linked record is verified with its link.

    The mutant `no_proof_of_a_checkpoint` proves this check.
    """
    key = keys.by_id(row["key_id"])
    if key is not None:
        return row["mac"] is not None and is_equal(row["mac"], mac_of(row, key))
    return row["seq"] is not None or row["chain_key"] is None


def _summary(rows: Sequence[RowMapping], before: datetime) -> dict[str, Any]:
    people: Counter[str] = Counter()
    for row in rows:
        people[row["actor"]] += _count(row)
    named = dict(people.most_common(PEOPLE))
    links = [(row["seq"], row["digest"]) for row in rows]
    return {
        "before": before.isoformat(),
        "count": people.total(),
        "people": named,
        "others": people.total() - sum(named.values()),
        "seqs": _ranges([row["seq"] for row in rows]),
        "digest": digest_of_links(links),
    }


def _count(row: RowMapping) -> int:
    """Return the number of refusals that a record represents."""
    if row["action"] != FOLDED:
        return 1
    count = read_arguments(row["arguments"]).get("count")
    return count if isinstance(count, int) else 1


def digest_of_links(links: Sequence[tuple[int, str]]) -> str:
    """Return the SHA-256 (64 hex digits) of the numbers and digests of links."""
    return hashlib.sha256(compact(links).encode()).hexdigest()


def _ranges(seqs: Sequence[int]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for seq in seqs:
        if ranges and ranges[-1][1] == seq - 1:
            ranges[-1][1] = seq
        else:
            ranges.append([seq, seq])
    return ranges
