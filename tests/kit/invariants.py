"""The invariants of the design, checked in the tables.

Call `broken` while no command runs. Ids must not have been reused (no TRUNCATE).
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, or_, select

from bot.database.transactions import reading
from bot.store import tables
from bot.store.audit.verification import verify
from bot.store.failures.failure_counts import ALL_HOURS
from bot.store.operations import batch_digests
from bot.store.restored_copies import not_restored
from tests.kit import incident_invariants
from tests.kit.queues import TestQueue

DELETES = ("delete", "delete-failed", "clear-failed")
ENDED = ("done", "cancelled", "stopped")


def payloads(queue: TestQueue) -> Counter[str]:
    """Return every payload that is pending, reserved or failed now."""
    with reading(queue.engine) as connection:
        return _payloads(connection, queue)


def broken(
    queue: TestQueue,
    born: Mapping[str, int] | None = None,
    *,
    worked: Mapping[str, int] | None = None,
    confirmed: Iterable[str] = (),
    drained: bool = False,
) -> list[str]:
    """Return a sentence for each violated invariant; a test asserts that the list is empty.

    `born` counts the payloads that were ever inserted, `worked` those that a worker finished,
    `confirmed` are the request ids whose person got a success message. With `drained`, watcher and
    delivery have no more work, and every message must have been sent.

    All reads use one snapshot, so a concurrent watcher changes nothing between two tables.
    """
    with reading(queue.engine) as connection:
        violations = [*_taken_twice(connection), *_records(connection), *_undone(connection)]
        violations += _bulk(connection, queue)
        violations += [*_counts(connection), *_copied(connection)]
        violations += incident_invariants.kept(connection)
        if born is not None:
            violations += _conserved(connection, queue, Counter(born), Counter(worked or {}))
        violations += _told(connection, confirmed)
        violations += verify(connection)
        if drained:
            violations += [*_covered(connection), *incident_invariants.broken_alerts(connection)]
    return violations


def _payloads(connection: Connection, queue: TestQueue) -> Counter[str]:
    counts: Counter[str] = Counter()
    for table in (queue.queue.jobs, queue.queue.failed):
        counts.update(connection.execute(select(table.c.payload)).scalars())
    return counts


def _conserved(
    connection: Connection, queue: TestQueue, born: Counter[str], worked: Counter[str]
) -> Iterator[str]:
    """I1: each inserted payload is there, archived byte for byte, or deleted permanently."""
    there = _payloads(connection, queue)
    deleted = select(tables.archive.c.payload).where(
        tables.archive.c.action.in_(DELETES), not_restored()
    )
    there.update(connection.execute(deleted).scalars())
    there.update(worked)
    there.update(_cleared(connection, queue, born))
    born, there = _unedited(queue, born), _unedited(queue, there)
    for name, more in (("lost", born - there), ("too many", there - born)):
        for payload, count in more.items():
            yield f"I1: {count} {name} of {payload[:120]!r}"


def _unedited(queue: TestQueue, counts: Counter[str]) -> Counter[str]:
    """Count the payloads without the numbers that a retry may edit."""
    unedited: Counter[str] = Counter()
    for payload, count in counts.items():
        unedited[queue.framework.unedited(payload)] += count
    return unedited


def _cleared(connection: Connection, queue: TestQueue, born: Counter[str]) -> Iterator[str]:
    """Yield the payloads that were deleted without a copy; only the index has their digests."""
    known = {queue.framework.payload_digest(payload): payload for payload in born}
    f, o = tables.failures.c, tables.operations.c
    deleted = (
        select(f.payload_digest)
        .join(tables.operations, o.id == f.operation)
        .where(o.archive.is_(False), o.action.in_(DELETES))
    )
    for digest in connection.execute(deleted).scalars():
        yield known.get(digest, f"a payload that was never there: {digest}")


def _taken_twice(connection: Connection) -> Iterator[str]:
    """I2: a row is removed from its table once, and once more after each restore."""
    c = tables.archive.c
    taken = select(c.kind, c.row_id, func.count()).where(not_restored())
    twice = taken.group_by(c.kind, c.row_id).having(func.count() > 1)
    for kind, row_id, count in connection.execute(twice):
        yield f"I2: {kind} {row_id} was taken {count} times"


def _records(connection: Connection) -> Iterator[str]:
    """I3: a change has one audit record, which names exactly the archived rows."""
    archived: dict[str, list[tuple[str, int]]] = {}
    in_bulk = select(tables.operations.c.request_id)
    query = select(
        tables.archive.c.request_id, tables.archive.c.kind, tables.archive.c.row_id
    ).where(tables.archive.c.action != "undo", tables.archive.c.request_id.notin_(in_bulk))
    for request, kind, row_id in connection.execute(query):
        archived.setdefault(request, []).append((kind, row_id))
    recorded: dict[str, list[tuple[str, int]]] = {}
    records = Counter[str]()
    taken_out = tables.audit.c.action.notin_(("undo", "release"))
    done = select(tables.audit).where(tables.audit.c.outcome == "ok", taken_out)
    for row in _mappings(connection, done):
        targets = [(item["kind"], item["id"]) for item in json.loads(row["targets"])]
        if targets:
            records[row["request_id"]] += 1
            recorded.setdefault(row["request_id"], []).extend(targets)
    for request, count in records.items():
        if count != 1:
            yield f"I3: {count} records of the change {request[:8]}"
    for request in archived.keys() | recorded.keys():
        moved, recorded_rows = sorted(archived.get(request, [])), sorted(recorded.get(request, []))
        if moved != recorded_rows:
            yield f"I3: request {request[:8]} moved {moved}, its records say {recorded_rows}"


def _undone(connection: Connection) -> Iterator[str]:
    """I3: the audit record of an undo names the restored rows, and the jobs it deleted."""
    a, j = tables.archive.c, tables.audit.c
    undos = {
        row["request_id"]: json.loads(row["targets"])
        for row in _mappings(
            connection,
            select(tables.audit).where(j.action == "undo", j.outcome.in_(("ok", "started"))),
        )
    }
    for row in _mappings(connection, select(tables.archive).where(a.restored_request.is_not(None))):
        targets = undos.get(row["restored_request"])
        if targets is None:
            yield f"I3: {row['kind']} {row['row_id']} was put back by no undo"
        elif targets and (row["kind"], row["row_id"]) not in {
            (one["kind"], one["id"]) for one in targets
        }:
            yield f"I3: {row['kind']} {row['row_id']} was put back, the record does not say so"
    in_bulk = select(tables.operations.c.id).where(tables.operations.c.action == "undo")
    r = tables.restored_copies.c
    for row in _mappings(connection, select(r.copy).where(r.operation.not_in(in_bulk))):
        yield f"I3: the archived row {row['copy']} was put back by no bulk undo"
    for row in _mappings(connection, select(tables.archive).where(a.action == "undo")):
        targets = undos.get(row["request_id"], [])
        if targets and row["row_id"] not in {one["job_id"] for one in targets}:
            yield f"I3: job {row['row_id']} was taken back, the record does not say so"


def _bulk(connection: Connection, queue: TestQueue) -> Iterator[str]:
    for row in _mappings(connection, select(tables.operations)):
        if row["state"] != "planned":
            yield from _bulk_records(connection, row)
            yield from _bulk_items(connection, queue, row)


def _bulk_records(connection: Connection, operation: RowMapping) -> Iterator[str]:
    """I3: one `started` and one terminal record, which contains the digest of the items."""
    number = operation["id"]
    records = _mappings(
        connection, select(tables.audit).where(tables.audit.c.action == operation["action"])
    )
    started = [
        row
        for row in records
        if row["outcome"] == "started" and row["request_id"] == operation["request_id"]
    ]
    if len(started) != 1:
        yield f"I3: operation {number} has {len(started)} records of its start"
    ended = [
        arguments
        for row in records
        if row["outcome"] in ENDED
        and (arguments := json.loads(row["arguments"])).get("operation") == number
    ]
    if len(ended) != (operation["state"] in ENDED):
        yield f"I3: operation {number} is {operation['state']}, with {len(ended)} terminal records"
    for arguments in ended:
        if arguments["items_digest"] != batch_digests.items_digest(connection, number):
            yield f"I3: the items of operation {number} are not those of its record"
        if arguments["done"] != operation["done"]:
            yield f"I3: the record of operation {number} counts {arguments['done']}"


def _bulk_items(connection: Connection, queue: TestQueue, operation: RowMapping) -> Iterator[str]:
    """I7: each moved row is one item of the confirmed set; I3: the record has their number."""
    number, f = operation["id"], tables.failures.c
    undo = operation["action"] == "undo"
    named = (f.restored_by if undo else f.operation) == number
    items = set(connection.execute(select(f.failed_id, f.row_digest).where(named)))
    scope = json.loads(operation["scope"])
    below = _mappings(connection, select(tables.failures).where(f.seq <= operation["bound_seq"]))
    outside = items - {
        (row["failed_id"], row["row_digest"]) for row in below if _is_meant(row, scope)
    }
    if outside:
        yield f"I7: operation {number} touched {sorted(outside)[:5]} outside its frozen set"
    a = tables.archive.c
    restored = select(tables.restored_copies.c.copy).where(
        tables.restored_copies.c.operation == number
    )
    which = a.id.in_(restored) if undo else a.request_id == operation["request_id"]
    kept = select(a.row_id).where(which).order_by(a.row_id)
    moved = list(connection.execute(kept).scalars())
    expected = sorted(failed_id for failed_id, _ in items) if operation["archive"] else []
    if moved != expected:
        yield f"I7: operation {number} moved {len(moved)} rows for {len(items)} items"
    if operation["state"] in ENDED and operation["done"] != len(items):
        yield f"I3: operation {number} counts {operation['done']} for {len(items)} items"
    gone = select(f.failed_id).where(f.operation == number, f.restored_by.is_(None))
    still = connection.execute(
        select(func.count())
        .select_from(queue.queue.failed)
        .where(queue.queue.failed.c.id.in_(gone))
    ).scalar_one()
    if still:
        yield f"I1: {still} rows that operation {number} moved are still failed"


def _is_meant(row: RowMapping, scope: Mapping[str, Any]) -> bool:
    """Return whether a failure is in the scope; the filters are applied again, without SQL."""
    equal = {
        name: scope[name]
        for name in ("queue", "error_group", "order_id", "tienda_id")
        if scope[name] is not None
    }
    before, after = scope["failed_before"], scope["failed_after"]
    return (
        all(row[name] == value for name, value in equal.items())
        and (before is None or row["failed_at"] < datetime.fromisoformat(before))
        and (after is None or row["failed_at"] >= datetime.fromisoformat(after))
        and (not scope["ids"] or row["failed_id"] in scope["ids"])
    )


def _counts(connection: Connection) -> Iterator[str]:
    """The counts of each error group and queue equal the number of failures in the index."""
    counted: Counter[tuple[int, str]] = Counter()
    summed: Counter[tuple[int, str]] = Counter()
    for row in _mappings(connection, select(tables.failure_counts)):
        key, rows = (row["error_group"], row["queue"]), row["appeared"] - row["removed"]
        if row["hour"] == ALL_HOURS or not row["aggregated"]:
            summed[key] += rows
        if row["hour"] != ALL_HOURS:
            counted[key] += rows
    there: Counter[tuple[int, str]] = Counter()
    for row in _mappings(
        connection, select(tables.failures).where(tables.failures.c.removed_at.is_(None))
    ):
        there[row["error_group"], row["queue"]] += 1
    for key in counted.keys() | there.keys():
        if not counted[key] == summed[key] == there[key]:
            yield (
                f"counts: {there[key]} failures of {key} are there, {counted[key]} are counted by "
                f"the hour and {summed[key]} in all"
            )
    known = set(connection.execute(select(tables.error_groups.c.id)).scalars())
    if unknown := {group for group, _ in there} - known:
        yield f"counts: there are no error groups {sorted(unknown)}"


def _copied(connection: Connection) -> Iterator[str]:
    """The copy of the time of a removal, in the index for scopes, is null or equals the time."""
    c = tables.failures.c
    differs = or_(c.removed_at.is_(None), c.removed_at != c.removed_copy)
    wrong = select(c.seq).where(c.removed_copy.is_not(None), differs)
    if seqs := connection.execute(wrong).scalars().all():
        yield f"index: the copies of the removals of {seqs} are wrong"


def _told(connection: Connection, confirmed: Iterable[str]) -> Iterator[str]:
    """I6: every change that a person was told is done has an audit record."""
    kept = set(
        connection.execute(
            select(tables.audit.c.request_id).where(
                tables.audit.c.outcome.in_(("ok", "started", "no-op"))
            )
        ).scalars()
    )
    for request in confirmed:
        if request not in kept:
            yield f"I6: {request[:8]} was told of a change that did not commit"


def _covered(connection: Connection) -> Iterator[str]:
    """I5: every audit record is in the chain and in a sent message; no outbox message waits."""
    links = connection.execute(select(tables.audit_chain.c.audit_id, tables.audit_chain.c.seq))
    sealed: dict[int, int] = {row.audit_id: row.seq for row in links}
    posted_seqs: set[int] = set()
    messages = _mappings(connection, select(tables.outbox))
    for message in messages:
        if message["sent_at"] is None:
            yield f"I5: {message['kind']} {message['subject']} waits: {message['error']}"
        elif message["sent_ts"] is not None and message["kind"] in ("audit", "refusals"):
            posted_seqs.update(json.loads(message["body"])["seqs"])
    for number in connection.execute(select(tables.audit.c.id)).scalars():
        if number not in sealed:
            yield f"I5: record {number} is not sealed"
        elif sealed[number] not in posted_seqs:
            yield f"I5: record {number} is in no message"


def _mappings(connection: Connection, query: Any) -> list[RowMapping]:
    return list(connection.execute(query).mappings())
