"""Count a job once in an incident, even if the job was retried and failed again.

A retried job that fails again gets a new row in `failed_jobs` and in the index. The incident counts
this row as a job that failed again, not as a new failed job. The payload and the queue identify the
job. Of jobs with equal payloads, at most as many can fail again as were retried.
"""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select, true, update

from bot.store.failures.removal import single_removals
from bot.store.incidents.assignment import UnassignedFailure
from bot.store.tables import failures, incident_deltas, incidents, operations

SINGLE = 5_000
"""At most this many failures that were removed by id are read."""

Key = tuple[str, str]
"""The digest of the payload, and the queue."""


def mark_again(connection: Connection, incident: int, new: Sequence[UnassignedFailure]) -> int:
    """Mark the incident's new failures of jobs that were retried before; return their number."""
    if not _has_retries(connection, incident):
        return 0
    c = failures.c
    digests = {row.payload_digest for row in new}
    mine = (c.incident == incident) & c.payload_digest.in_(digests) & c.restored_by.is_(None)
    latest = c.seq >= new[0].seq
    seen_at = min(row.seen_at for row in new)
    before = _retried(connection, mine & ~latest & (c.removed_at <= seen_at))
    free = before - _again(connection, mine)
    # A failure may have been retried before it was assigned to the incident.
    removals = connection.execute(
        select(c.seq, c.removed_at).where(mine, latest, c.removed_at.is_not(None))
    ).all()
    retried = [(seq, at, _retried(connection, mine & (c.seq == seq))) for seq, at in removals]
    seqs, used = [], Counter[Key]()
    for row in new:
        key = (row.payload_digest, row.queue)
        late = sum(keys[key] for seq, at, keys in retried if seq < row.seq and at <= row.seen_at)
        if used[key] < free[key] + late:
            used[key] += 1
            seqs.append(row.seq)
    if seqs:
        connection.execute(update(failures).where(c.seq.in_(seqs)).values(again=True))
    return len(seqs)


def _has_retries(connection: Connection, incident: int) -> bool:
    """Return whether any failure of the incident was retried; include deltas not aggregated yet."""
    i, d = incidents.c, incident_deltas.c
    aggregated = select(i.id).where(i.id == incident, i.retried > 0)
    appended = select(d.id).where(d.incident == incident, d.counts_as == "retried").limit(1)
    return any(connection.execute(query).first() for query in (aggregated, appended))


def _again(connection: Connection, which: ColumnElement[bool]) -> Counter[Key]:
    """Count the failures that are already marked as failed again."""
    c = failures.c
    marked = select(c.payload_digest, c.queue, func.count()).where(which, c.again == true())
    grouped = marked.group_by(c.payload_digest, c.queue)
    return Counter({(digest, queue): n for digest, queue, n in connection.execute(grouped)})


def _retried(connection: Connection, which: ColumnElement[bool]) -> Counter[Key]:
    """Count the failures that a bulk retry or a retry by id removed."""
    c, o = failures.c, operations.c
    removed = which & c.removed_at.is_not(None)
    in_bulk = (
        select(c.payload_digest, c.queue, c.operation, func.count())
        .where(removed, c.operation.is_not(None))
        .group_by(c.payload_digest, c.queue, c.operation)
    )
    bulk = connection.execute(in_bulk).all()
    numbers = {row.operation for row in bulk}
    retries = select(o.id).where(o.id.in_(numbers), o.counts_as == "retried")
    retrying = set(connection.execute(retries).scalars()) if numbers else set()
    counts: Counter[Key] = Counter()
    for digest, queue, operation, rows in bulk:
        counts[digest, queue] += rows if operation in retrying else 0
    by_id = select(c.failed_id, c.removed_at, c.payload_digest, c.queue)
    single = connection.execute(by_id.where(removed, c.operation.is_(None)).limit(SINGLE)).all()
    removals = single_removals(connection, [row.failed_id for row in single]) if single else {}
    for row in single:
        removal = removals.get((row.failed_id, row.removed_at))
        if removal is not None and removal.counts_as == "retried":
            counts[row.payload_digest, row.queue] += 1
    return counts
