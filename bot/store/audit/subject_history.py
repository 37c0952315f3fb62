"""Read the failures of one subject, the acts on these failures, and the outcomes, by indexes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, select

from bot.database.transactions import TooSlow, bounded
from bot.models.actions import Actions, counted_as
from bot.models.story import Act, Became
from bot.models.subjects import SubjectKey
from bot.queue.layouts import Queue, failed_digest
from bot.store.audit import targets
from bot.store.failures import error_merges, subjects
from bot.store.tables import archive, audit, audit_targets, failures, operations, tracked_jobs

MOST = 200
"""A history of a subject or a job reads at most this many failures and acts, the newest."""

COUNT_SECONDS = 0.5
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class SubjectHistory:
    """The failures and acts of a subject or a job. `more` is true if some were not read.

    `present` has the `seq` of the failures that are still in `failed_jobs`. `subjects` are the
    further subjects of the failures, by `seq`.
    """

    failures: Sequence[RowMapping]
    acts: tuple[Act, ...]
    present: frozenset[int]
    more: bool
    subjects: Mapping[int, subjects.Subjects]

    @property
    def job_ids(self) -> set[int]:
        """The ids of the retried jobs."""
        return {act.job_id for act in self.acts if act.job_id is not None}


def last_indexed(connection: Connection) -> int:
    """Return the highest failed job id in the index, removed or not; 0 if the index is empty."""
    return int(connection.execute(select(func.max(failures.c.failed_id))).scalar() or 0)


def of_subject(
    connection: Connection, queue: Queue, key: SubjectKey, actions: Actions
) -> SubjectHistory:
    """Return the history of a subject, such as an order, in one shop or in all shops."""
    return _history(connection, queue, subjects.is_of(key), [targets.is_of(key)], actions)


def of_job(connection: Connection, queue: Queue, id_: int, actions: Actions) -> SubjectHistory:
    """Return the history of the failed job or the retried job with this id."""
    t = audit_targets.c
    target_filters = [t.kind.in_(("failed", "job")) & (t.row_id == id_), t.job_id == id_]
    return _history(connection, queue, failures.c.failed_id == id_, target_filters, actions)


def _history(
    connection: Connection,
    queue: Queue,
    failure_filter: Condition,
    target_filters: Sequence[Condition],
    actions: Actions,
) -> SubjectHistory:
    rows = _failures(connection, failure_filter)
    single = _singly(connection, target_filters)
    acts = [*single, *_in_bulk(connection, rows)]
    more = len(rows) == MOST or len(single) >= MOST
    acts.sort(key=lambda act: act.at)
    acts = _with_archive(connection, _counted(acts[-MOST:], actions))
    present, seqs = _present(connection, queue, rows), [row["seq"] for row in rows]
    return SubjectHistory(rows, tuple(acts), present, more, subjects.of(connection, seqs))


def _counted(acts: Sequence[Act], actions: Actions) -> list[Act]:
    """Return the acts with `counts_as`: whether the action counts as a retry or a deletion."""
    return [act.model_copy(update={"counts_as": counted_as(actions, act.action)}) for act in acts]


def _failures(connection: Connection, failure_filter: Condition) -> Sequence[RowMapping]:
    whole = error_merges.read(connection).of(failures.c.error_group).label("error_group")
    columns = [column for column in failures.c if column.name != "error_group"]
    query = select(*columns, whole).where(failure_filter)
    query = query.order_by(failures.c.seq.desc()).limit(MOST)
    return connection.execute(query).mappings().all()[::-1]


def failed_now(connection: Connection, key: SubjectKey) -> int | None:
    """Return how many indexed failures of the subject are not removed; None if it takes too long.

    100,000 failures take 0.1 s.
    """
    c = failures.c
    query = select(func.count()).where(subjects.is_of(key), c.removed_at.is_(None))
    try:
        return int(bounded(connection, query, COUNT_SECONDS).scalar_one())
    except TooSlow:
        return None


def _present(connection: Connection, queue: Queue, rows: Sequence[RowMapping]) -> frozenset[int]:
    """Return the `seq` of the failures whose rows are unchanged in `failed_jobs`."""
    seqs = {
        (row["failed_id"], row["row_digest"]): row["seq"] for row in rows if not row["removed_at"]
    }
    id_ = queue.failed_layout.id
    current = connection.execute(
        select(id_, failed_digest(queue.failed)).where(
            id_.in_([failed_id for failed_id, _ in seqs])
        )
    )
    return frozenset(seqs[row] for row in map(tuple, current) if row in seqs)


def _singly(connection: Connection, target_filters: Sequence[Condition]) -> list[Act]:
    """Return single changes and refusals with the retries' outcomes; each target gives one act."""
    t, f = audit_targets.c, tracked_jobs.c
    about = (
        select(audit.c.request_id, audit.c.at, audit.c.actor, audit.c.action, audit.c.outcome)
        .add_columns(audit.c.reason, t.kind, t.row_id, t.job_id, t.audit_id, t.number)
        .add_columns(f.state, f.settled_at, f.settled_by, f.settled_action)
        .add_columns(failures.c.failed_id.label("became_id"))
        .select_from(audit_targets)
        .join(audit, audit.c.id == t.audit_id)
        .outerjoin(tracked_jobs, and_(f.request_id == audit.c.request_id, f.retried_as == t.job_id))
        .outerjoin(failures, failures.c.seq == f.outcome_seq)
        .order_by(t.audit_id.desc(), t.number.desc())
        .limit(MOST)
    )
    by_target = {
        (row["audit_id"], row["number"]): row
        for condition in target_filters
        for row in reversed(connection.execute(about.where(condition)).mappings().all())
    }
    return [_act(row) for row in by_target.values()]


def _act(row: RowMapping) -> Act:
    return Act(
        at=row["at"],
        actor=row["actor"],
        action=row["action"],
        outcome=row["outcome"],
        reason=row["reason"],
        row=row["kind"],
        row_id=row["row_id"],
        job_id=row["job_id"],
        became=_became(row),
    )


def _in_bulk(connection: Connection, rows: Sequence[RowMapping]) -> list[Act]:
    """Return the acts of bulk changes and bulk undos on these failures."""
    removed = [
        row for row in rows if row["operation"] is not None and row["removed_at"] is not None
    ]
    restored = [row for row in rows if row["restored_by"]]
    by_id = _operations(connection, {row["operation"] for row in removed})
    undone = _operations(connection, {row["restored_by"] for row in restored})
    canaries = _canaries(connection, [row["seq"] for row in removed])
    acts = [
        _bulk_act(by_id[row["operation"]], row["failed_id"], row["removed_at"]).model_copy(
            update={} if canary is None else _of_canary(canary)
        )
        for row in removed
        if row["operation"] in by_id
        for canary in [canaries.get(row["seq"])]
    ]
    return acts + [
        _bulk_act(undo, row["failed_id"], undo["started_at"] or row["removed_at"])
        for row in restored
        for undo in [undone.get(row["restored_by"])]
        if undo is not None
    ]


def _operations(connection: Connection, ids: set[int]) -> dict[int, RowMapping]:
    c = operations.c
    query = select(c.id, c.action, c.actor, c.started_at).where(c.id.in_(ids))
    return {row["id"]: row for row in connection.execute(query).mappings()} if ids else {}


def _canaries(connection: Connection, seqs: Sequence[int]) -> dict[int, RowMapping]:
    """Return the tracked jobs of the failures that a bulk change retried as its canary."""
    f = tracked_jobs.c
    query = (
        select(f.failed_seq, f.retried_as, f.state, f.settled_at, f.settled_by, f.settled_action)
        .add_columns(failures.c.failed_id.label("became_id"))
        .select_from(tracked_jobs)
        .outerjoin(failures, failures.c.seq == f.outcome_seq)
        .where(f.failed_seq.in_(seqs))
    )
    rows = connection.execute(query).mappings() if seqs else ()
    return {row["failed_seq"]: row for row in rows}


def _of_canary(row: RowMapping) -> dict[str, object]:
    return {"job_id": row["retried_as"], "became": _became(row)}


def _bulk_act(operation: RowMapping, failed_id: int, at: datetime) -> Act:
    return Act(
        at=at,
        actor=operation["actor"],
        action=operation["action"],
        outcome="ok",
        row="failed",
        row_id=failed_id,
        operation=operation["id"],
    )


def _became(row: RowMapping | None) -> Became | None:
    if row is None or row["state"] is None:
        return None
    return Became(
        fate=row["state"],
        at=row["settled_at"],
        failed_id=row["became_id"],
        by=row["settled_by"],
        how=row["settled_action"],
    )


def _with_archive(connection: Connection, acts: Sequence[Act]) -> list[Act]:
    """Mark each act whose row is still in the archive."""
    a = archive.c
    archived: set[tuple[str, int, datetime]] = set()
    for kind in ("failed", "job"):
        ids = {act.row_id for act in acts if act.row == kind and act.outcome == "ok"}
        rows = connection.execute(
            select(a.row_id, a.archived_at).where(a.kind == kind, a.row_id.in_(ids)).limit(MOST)
        )
        archived |= {(kind, row.row_id, row.archived_at) for row in rows}
    return [
        act.model_copy(update={"kept": True}) if (act.row, act.row_id, act.at) in archived else act
        for act in acts
    ]
