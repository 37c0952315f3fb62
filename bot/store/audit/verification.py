"""Verification of the audit log: one sentence for each fault of a record, a link or a key."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, func, select

from bot.database.transactions import now_of
from bot.store.audit.audit_log import ENDED, mac_of
from bot.store.audit.chain import GENESIS, change_of, digest_of, link_of
from bot.store.audit.keys import (
    FIRST,
    KEY_CHANGE,
    LOST,
    NO_KEYS,
    ROTATED,
    AuditKeys,
    KeyChange,
    is_equal,
)
from bot.store.audit.retention import Checkpoint, checkpoints
from bot.store.audit.stored_json import read_arguments
from bot.store.cursors import position
from bot.store.operations import batch_digests, batches
from bot.store.tables import audit, audit_chain, audit_rejected, outbox

POSTS_KEPT = timedelta(days=29)
"""One day less than the retention of sent messages: a purge must not look like tampering."""
PAGE = 1_000
"""The number of links that one step of a verification reads."""


@dataclass
class ChainWalk:
    """The state of the verification after a link: the link's values, and the active key.

    `unproven` is the first link after the last link whose key the replica holds. `anchors` maps
    a `seq` to the first digits of its hash in the audit channel. `posts`: whether each record of
    the last weeks must have a message in the outbox. `checkpoints` sum up deleted refusals, and
    `covered` maps the number of each summed-up link to its checkpoint.
    """

    keys: AuditKeys
    anchors: dict[int, str] = field(default_factory=dict)
    posts: bool = False
    seq: int = 0
    prev: str = GENESIS
    digest: str = GENESIS
    active: str | None = None
    unproven: int | None = None
    checkpoints: Sequence[Checkpoint] = ()
    covered: dict[int, Checkpoint] = field(default_factory=dict)


def verify(
    connection: Connection,
    anchors: Mapping[int, str] | None = None,
    page: int = PAGE,
    keys: AuditKeys = NO_KEYS,
    *,
    posts: bool = False,
) -> Iterator[str]:
    """Yield one sentence for each fault of the chain.

    `anchors` maps a `seq` to the first digits of its hash in the audit channel. Only anchors reveal
    a tail that was cut off, or a chain that was rewritten. A bulk change's record is compared with
    the operation's items until these items are purged. With `posts`, each record of the last weeks
    must have a message for the audit channel.
    """
    walk = start(connection, keys, anchors or {}, posts=posts)
    now = now_of(connection)
    while rows := next_rows(connection, walk, page):
        yield from faults_of(connection, walk, rows, now)
    yield from end_faults(connection, walk)


def start(
    connection: Connection, keys: AuditKeys, anchors: Mapping[int, str], *, posts: bool
) -> ChainWalk:
    """Return the state of a verification before the first link."""
    summed_up = list(checkpoints(connection, keys))
    return ChainWalk(keys, dict(anchors), posts, checkpoints=summed_up, covered=_covered(summed_up))


def _covered(summed_up: Iterable[Checkpoint]) -> dict[int, Checkpoint]:
    """Return the numbers of the links whose records were summed up and deleted."""
    return {
        seq: checkpoint
        for checkpoint in summed_up
        for first, last in checkpoint.seqs
        for seq in range(first, last + 1)
    }


def faults_of(
    connection: Connection, walk: ChainWalk, rows: Sequence[RowMapping], now: datetime
) -> Iterator[str]:
    """Yield the faults of the next links and their records, and advance the walk."""
    if any(row["id"] is None and row["seq"] not in walk.covered for row in rows):
        # A purge during a verification adds a checkpoint. The next verification proves it.
        walk.covered = _covered(checkpoints(connection, walk.keys)) | walk.covered
    for row in rows:
        yield from _faults(row, walk)
        is_end = row["id"] is not None and row["outcome"] in ENDED
        if is_end and row["at"] > now - batches.ITEMS_KEPT:
            yield from _items(connection, row)
        anchor = walk.anchors.pop(row["seq"], None)
        if anchor is not None and not row["link"].startswith(anchor):
            yield f"Link {row['seq']} is not the one that was posted: the chain was rewritten."
        if (checkpoint := walk.covered.get(row["seq"])) is not None:
            checkpoint.links.append((row["seq"], row["digest"]))
        walk.seq, walk.prev, walk.digest = row["seq"], row["link"], row["digest"]
    if walk.posts:
        yield from _unposted(connection, rows, now)


def end_faults(connection: Connection, walk: ChainWalk) -> Iterator[str]:
    """Yield the faults that are known after the last link."""
    for missing in sorted(walk.anchors):
        yield f"Link {missing} was posted but is not in the chain: its tail was cut off."
    if walk.unproven is not None:
        yield (
            f"Links {walk.unproven} to {walk.seq} were sealed with the key {walk.active}, which is "
            "neither QUEUE_BOT_AUDIT_KEY nor QUEUE_BOT_AUDIT_KEY_OLD: they are not proved."
        )
    for checkpoint in walk.checkpoints:
        if not checkpoint.holds:
            yield f"Record {checkpoint.audit_id} does not sum up the links that it names."
    yield from _rejected(connection)
    yield from _unsealed(connection)


def unproven_span(connection: Connection) -> str | None:
    """Return a sentence about links that only anchors prove because their key was lost, or None."""
    query = (
        select(
            audit_chain.c.seq,
            audit_chain.c.key_id.label("link_key"),
            audit.c.action,
            audit.c.outcome,
            audit.c.arguments,
        )
        .join(audit, audit.c.id == audit_chain.c.audit_id)
        .where(audit.c.action == KEY_CHANGE, audit.c.outcome == "ok")
        .order_by(audit_chain.c.seq.desc())
    )
    for row in connection.execute(query).mappings():
        change = change_of(row)
        is_begun = change is not None and change.key_id == row["link_key"]
        if change is not None and is_begun and change.segment == LOST:
            return (
                f"Links 1 to {row['seq'] - 1} were sealed before the key {change.before} was lost: "
                "only anchors prove them."
            )
    return None


def next_rows(connection: Connection, walk: ChainWalk, page: int = PAGE) -> Sequence[RowMapping]:
    """Return the next links with their records, by `seq`. A removed record's columns are None."""
    query = (
        select(
            audit,
            audit_chain.c.seq,
            audit_chain.c.audit_id,
            audit_chain.c.prev,
            audit_chain.c.digest,
            audit_chain.c.key_id.label("link_key"),
            audit_chain.c.hash.label("link"),
        )
        .select_from(audit_chain)
        .join(audit, audit_chain.c.audit_id == audit.c.id, isouter=True)
        .where(audit_chain.c.seq > walk.seq)
        .order_by(audit_chain.c.seq)
        .limit(page)
    )
    return connection.execute(query).mappings().all()


def _faults(row: RowMapping, walk: ChainWalk) -> Iterator[str]:
    """Yield the faults of a link and its record, and advance the active key."""
    seq = row["seq"]
    is_next = seq == walk.seq + 1
    if not is_next:
        yield f"Links {walk.seq + 1} to {seq - 1} are missing from the chain."
    if row["prev"] != walk.prev:
        yield f"Link {seq} does not follow the link before it."
    change = None
    if row["id"] is None and seq in walk.covered:
        # The stored digest stays in the chain and proves the links before and after this link.
        pass
    elif row["id"] is None:
        yield f"Record {row['audit_id']} of link {seq} was removed."
    else:
        change = change_of(row)
        # If the previous link is missing, its digest is unknown.
        if is_next and digest_of(row, walk.digest) != row["digest"]:
            yield f"Record {row['audit_id']} of link {seq} was changed."
    yield from _key_faults(row, change, walk)
    is_rotated = change is not None and change.segment == ROTATED and row["link_key"] is not None
    walk.active = change.key_id if change is not None and is_rotated else row["link_key"]


def _key_faults(row: RowMapping, change: KeyChange | None, walk: ChainWalk) -> Iterator[str]:
    """Yield the faults of a link's key and HMAC, and of its record's HMAC."""
    seq, name = row["seq"], row["link_key"]
    if name != walk.active and not _begins(name, change, walk):
        if name is None:
            yield f"Link {seq} has no key, but an earlier link has one."
        else:
            yield f"Link {seq} has the key {name}, which no link before it names."
    key = walk.keys.by_id(name)
    if name is not None and key is None:
        walk.unproven = walk.unproven or seq
        return
    if not is_equal(row["link"], link_of(seq, row["prev"], row["digest"], key)):
        yield f"Link {seq} was not made by the bot: its hash is wrong."
        return
    walk.unproven = None
    if key is None or row["id"] is None:
        return
    writer = walk.keys.by_id(row["key_id"])
    if row["mac"] is None or (writer is not None and not is_equal(row["mac"], mac_of(row, writer))):
        yield f"Record {row['audit_id']} of link {seq} was not written by the bot."


def _begins(name: str | None, change: KeyChange | None, walk: ChainWalk) -> bool:
    """Return whether this link's record begins a part of the chain with the key `name`."""
    if change is None or name is None or change.key_id != name:
        return False
    if walk.active is None:
        return change.segment == FIRST
    return change.segment == LOST and change.before == walk.active


def _items(connection: Connection, record: RowMapping) -> Iterator[str]:
    """Yield a sentence if a bulk change's record does not match the operation's items."""
    arguments = read_arguments(record["arguments"])
    number, digest = arguments.get("operation"), arguments.get("items_digest")
    if isinstance(number, int) and batch_digests.items_digest(connection, number) != digest:
        yield f"The items of operation {number} are not those of record {record['id']}."


def _unposted(connection: Connection, rows: Sequence[RowMapping], now: datetime) -> Iterator[str]:
    """Yield a sentence for the records that have no message, neither sent nor waiting.

    Refusals are excluded, because equal refusals share a message.
    """
    seqs = {
        f"audit:{row['seq']}": row["seq"]
        for row in rows
        if row["id"] is not None
        and row["at"] > now - POSTS_KEPT
        and row["outcome"] not in ("denied", "refused")
    }
    if not seqs:
        return
    query = select(outbox.c.subject).where(outbox.c.subject.in_(seqs))
    posted = set(connection.execute(query).scalars())
    if missing := [seq for subject, seq in seqs.items() if subject not in posted]:
        yield (
            f"{len(missing)} records, the first is link {missing[0]}, have no message for the "
            "audit channel: somebody removed the messages from the outbox."
        )


def _rejected(connection: Connection) -> Iterator[str]:
    """Yield a sentence for each rejected record that still exists."""
    query = (
        select(audit_rejected)
        .join(audit, audit.c.id == audit_rejected.c.audit_id)
        .order_by(audit_rejected.c.audit_id)
    )
    for row in connection.execute(query):
        yield f"Record {row.audit_id} was not sealed, because of its HMAC: {row.reason}."


def _unsealed(connection: Connection) -> Iterator[str]:
    settled = position(connection, "audit_settled")
    linked = select(audit_chain.c.seq).where(audit_chain.c.audit_id == audit.c.id).exists()
    rejected = select(audit_rejected.c.audit_id).where(audit_rejected.c.audit_id == audit.c.id)
    lost = connection.execute(
        select(func.count())
        .select_from(audit)
        .where(audit.c.id <= settled, ~linked, ~rejected.exists())
    ).scalar_one()
    if lost:
        yield f"{lost} old records are not in the chain: they were added or their links removed."
