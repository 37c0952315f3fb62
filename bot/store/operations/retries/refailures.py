"""Count the new failures of jobs that a bulk retry created; the payload identifies them.

A value that several failures share is looked up once. If 100,000 failures have one payload, a
look-up for each failure would read 100,000 rows.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from bot.models.operations import Scope
from bot.store.failures import error_merges
from bot.store.operations.operations import Operation
from bot.store.operations.retries.outcomes import OutcomeCounts, exists, last_seq
from bot.store.tables import failures, operations

FAILURES_AT_ONCE = 5_000
"""One pass reads at most this many new failures."""

n, o, p = failures.alias("n"), failures.alias("o"), failures.alias("p")


@dataclass(frozen=True, slots=True)
class _Retried:
    """A payload that the operation retried.

    `same` means that the operation also retried a failure with this payload and this error. `until`
    is the `seq` of the payload's first later failure that was removed. `incident` is the retried
    failure's incident, or None if the operation retried the payload in several incidents.
    """

    same: bool
    until: int | None
    incident: int | None


@dataclass(frozen=True, slots=True)
class Refailures:
    """New failures of retried jobs: the operation's totals, and the added counts by incident."""

    counts: Mapping[str, int]
    by_incident: Mapping[int, Mapping[str, int]]


def count_failures(
    connection: Connection, operation: Operation, previous: OutcomeCounts
) -> Refailures:
    """Count the jobs that failed again since the last pass, and move the cursor.

    If somebody retries such a failure again, later failures belong to the new retry. A failure that
    an undo restored is counted as `put_back`.
    """
    high = min(last_seq(connection), previous.cursor_seq + FAILURES_AT_ONCE)
    within = n.c.seq.between(previous.cursor_seq + 1, high)
    retried = _retried(connection, operation, within)
    restored = _put_back(connection, operation, within) if retried else set()
    counts: Counter[str] = Counter()
    by_incident: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for row in connection.execute(_payloads(n.c.seq).where(within)) if retried else ():
        payload = retried.get(_key(row))
        if payload is not None and (payload.until is None or row.seq <= payload.until):
            kind = "failed_again" if payload.same else "failed_otherwise"
            counts["put_back" if row.seq in restored else kind] += 1
            if payload.incident is not None and row.seq not in restored:
                by_incident[payload.incident][kind] += 1
    sums = {kind: getattr(previous, kind) + counts[kind] for kind in _KINDS}
    return Refailures({"cursor_seq": max(high, previous.cursor_seq), **sums}, by_incident)


_KINDS = ("failed_again", "failed_otherwise", "put_back")


def _payloads(*more: Any) -> Any:
    return select(*more, n.c.payload_digest, n.c.queue, n.c.error_group)


def _key(row: Row[Any]) -> tuple[str, str, int]:
    return row.payload_digest, row.queue, row.error_group


def _retried(
    connection: Connection, operation: Operation, within: ColumnElement[bool]
) -> Mapping[tuple[str, str, int], _Retried]:
    """Return the new failures' payloads that the operation retried, by queue and error group."""
    each = _payloads().where(within).distinct().subquery()
    ours = and_(
        o.c.payload_digest == each.c.payload_digest,
        o.c.operation == operation.id,
        o.c.queue == each.c.queue,
    )
    until = select(func.min(p.c.seq)).where(
        p.c.payload_digest == each.c.payload_digest,
        p.c.seq > operation.bound_seq,
        p.c.removed_at.is_not(None),
    )
    whole = error_merges.read(connection).of
    with_error = and_(ours, whole(o.c.error_group) == whole(each.c.error_group))
    same = exists(with_error, each)
    query = select(
        each,
        same.label("same"),
        until.scalar_subquery().label("until"),
        *(
            _incident(which, order, each).label(name)
            for name, which, order in (
                ("first_same", with_error, o.c.seq.asc()),
                ("last_same", with_error, o.c.seq.desc()),
                ("first", ours, o.c.seq.asc()),
                ("last", ours, o.c.seq.desc()),
            )
        ),
    )
    rows = connection.execute(query.where(exists(ours, each)))
    return {_key(row): _Retried(bool(row.same), row.until, _only_incident(row)) for row in rows}


def _incident(which: ColumnElement[bool], order: ColumnElement[Any], each: Any) -> Any:
    """Select the incident of the first of these failures; LIMIT keeps the look-up short."""
    incident = func.coalesce(o.c.incident, 0)
    return select(incident).where(which).order_by(order).limit(1).correlate(each).scalar_subquery()


def _only_incident(row: Row[Any]) -> int | None:
    first, last = (row.first_same, row.last_same) if row.same else (row.first, row.last)
    return int(first) if first == last else None


def _put_back(
    connection: Connection, operation: Operation, within: ColumnElement[bool]
) -> set[int]:
    """Return the `seq` of failures that an undo of the operation restored: they are not new."""
    if not _was_undone(connection, operation.id):
        return set()
    ours = and_(
        o.c.payload_digest == n.c.payload_digest,
        o.c.operation == operation.id,
        o.c.queue == n.c.queue,
    )
    # A restored failure has another id if another row had its old id.
    restored = or_(
        exists(and_(ours, o.c.failed_id == n.c.failed_id), n),
        exists(and_(ours, o.c.failed_at == n.c.failed_at, o.c.restored_by.is_not(None)), n),
    )
    return set(connection.execute(select(n.c.seq).where(within, restored)).scalars())


def _was_undone(connection: Connection, operation: int) -> bool:
    """Return whether an undo of the operation has started; read only the few later operations."""
    c = operations.c
    undos = select(c.scope).where(c.id > operation, c.action == "undo", c.started_at.is_not(None))
    scopes = connection.execute(undos).scalars()
    return any(Scope.model_validate_json(scope).undo == operation for scope in scopes)
