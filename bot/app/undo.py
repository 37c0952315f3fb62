"""Undo a single change: find the change, check its author, and restore its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.access.roles import check_queue
from bot.app.plans import preview
from bot.app.targets import children_unless
from bot.app.work import Work
from bot.failpoints import reach
from bot.fingerprint.payload import JobIdentity
from bot.models.actions import Action
from bot.models.audit import Target
from bot.models.job_changes import RestoredRow, SkippedRow
from bot.models.operations import Preview, Scope
from bot.models.refusals import (
    AlreadyUndone,
    ChangeNotFound,
    Denied,
    JobGone,
    NothingToDo,
    NothingToUndo,
    NotUndoable,
    OperationRunning,
    Refusal,
    UndoExpired,
)
from bot.models.refusals.skipped import skipped_row
from bot.models.roles import Role
from bot.store.audit import audit_log, changes
from bot.store.audit.changes import Change, ChangeReference
from bot.store.deltas.incident_deltas import Removal
from bot.store.operations import operations, reindex, restore, undo_batches
from bot.store.operations.restore import Kept
from bot.store.operations.retries import outcomes, tracked_jobs


def change_to_undo(work: Work, what: ChangeReference | None, request: str | None) -> Change:
    """Return the change to undo; raises a refusal if it does not exist or has another author."""
    change = _named(work, what, request)
    _check_author(work, change)
    return change


def check_planned(work: Work, plan: int) -> None:
    """Check again that this person may undo the change, before the planned undo starts."""
    planned = operations.find(work.connection, plan)
    undone = None if planned is None else planned.scope.undo
    operation = None if undone is None else operations.find(work.connection, undone)
    change = (
        None if operation is None else changes.by_request(work.connection, operation.request_id)
    )
    if change is not None:
        _check_author(work, change)


def _check_author(work: Work, change: Change) -> None:
    if change.actor != work.invocation.actor.user and work.grant.role < Role.ADMIN:
        rules = work.setup.rules
        raise Denied(needed=Role.ADMIN, has=work.grant.role, holders=rules.holders(Role.ADMIN))


def _named(work: Work, what: ChangeReference | None, request: str | None) -> Change:
    if request is not None:
        change, word = changes.by_request(work.connection, request), request[:8]
    elif what is None:
        return _last_own(work)
    else:
        change, word = changes.by_name(work.connection, what), str(what)
    if change is None:
        raise ChangeNotFound(word=word)
    return change


def _last_own(work: Work) -> Change:
    """Return the person's newest change that still has rows to restore."""
    days = work.setup.archive_days
    since = work.now - timedelta(days=days)
    actor = work.invocation.actor.user
    actions = work.setup.actions.values()
    undoable = [action.name for action in actions if action.undo_by_id or action.undo_in_bulk]
    for change in changes.newest_of(work.connection, actor, undoable, since):
        if _is_left(work, change):
            return change
    raise NothingToUndo(days=days)


def _is_left(work: Work, change: Change) -> bool:
    """Return whether the change still has rows to restore.

    A bulk retry has no rows to restore if all its jobs have left the queue.
    """
    if not change.is_bulk:
        return restore.is_left(work.connection, change.request_id, change.targets)
    operation = operations.by_request(work.connection, change.request_id)
    if operation is None or not undo_batches.is_left(work.connection, operation.id):
        return False
    counts = outcomes.of_operation(work.connection, operation.id)
    return counts is None or counts.state != outcomes.SETTLED or bool(counts.waiting)


def preview_of(work: Work, undo_action: Action, change: Change) -> Preview:
    """Return the preview of undoing a bulk change; raises a refusal if it cannot be undone."""
    operation = operations.by_request(work.connection, change.request_id)
    action = work.setup.actions.get(change.action)
    in_bulk = action is not None and action.undo_in_bulk
    if not in_bulk or operation is None or not operation.archive:
        raise NotUndoable(action=change.action)
    if operation.state in operations.ACTIVE:
        raise OperationRunning(by=operation.actor, action=operation.action)
    days = work.setup.archive_days
    if change.at < work.now - timedelta(days=days):
        raise UndoExpired(days=days)
    scope = Scope(queue=operation.scope.queue, undo=operation.id)
    plan = preview(work, undo_action, scope)
    if plan.total == 0:
        last = undo_batches.undone_by(work.connection, operation.id)
        if last is None:
            raise NothingToUndo(days=days)
        raise AlreadyUndone(by=last.actor, at=last.finished_at or last.started_at)
    return plan


@dataclass(frozen=True, slots=True)
class _Plan:
    """A row that can be restored; `free`: the id of the row is unused.

    `target` names the job that the undo removes.
    """

    row: Kept
    target: Target
    free: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """The restored rows, the skipped ones with reasons, and the targets for the audit log.

    `is_left`: the change still has rows that may be restored later.
    """

    rows: tuple[RestoredRow, ...]
    skipped: tuple[SkippedRow, ...]
    targets: tuple[Target, ...]
    is_left: bool


def undo(work: Work, change: Change, *, force: bool) -> Restored:
    """Restore the rows that the change removed.

    If a single row is refused, its refusal is raised. Of several rows, a refused row is skipped.
    Without `force`, a row is refused if rows of another table reference its retried job.
    """
    action = work.setup.actions.get(change.action)
    if action is None or not action.undo_by_id:
        raise NotUndoable(action=change.action)
    plans, skipped = _plans(work, change, force=force)
    reach("undo-locked")
    request = work.invocation.request_id
    ids = [_restore(work, plan) for plan in plans]
    restore.mark(work.connection, [plan.row.id for plan in plans], request, work.now)
    reach("undo-marked")
    _index(work, plans, ids, Removal(change.action, change.actor, counts_as=action.counts_as))
    tracked_jobs.check_soon(work.connection, change.request_id, work.now)
    rows = tuple(_restored_row(work, plan, id_) for plan, id_ in zip(plans, ids, strict=True))
    is_left = restore.is_left(work.connection, change.request_id, change.targets)
    return Restored(rows, tuple(skipped), _targets(plans, ids), is_left)


def _plans(work: Work, change: Change, *, force: bool) -> tuple[list[_Plan], list[SkippedRow]]:
    """Lock the rows of the change in id order; return the rows to restore and the skipped rows."""
    copies = restore.kept(work.connection, change.request_id, change.targets)
    if not copies:
        raise UndoExpired(days=work.setup.archive_days)
    targets = {target.id: target for target in change.targets}
    children = children_unless(work, work.queue.jobs, force=force)
    plans: list[_Plan] = []
    skipped: list[SkippedRow] = []
    for row in copies:
        target = targets[row.row_id]
        try:
            check_queue(work.setup.rules, row.queue)
            plan = _Plan(row, target, _check(work, row, target))
            if children is not None and target.job_id is not None:
                children.check(work.connection, target.job_id)
            plans.append(plan)
        except Refusal as refusal:
            if len(copies) == 1:
                raise
            skipped.append(skipped_row(row.row_id, refusal))
    if not plans:
        raise _why_not(work, copies, skipped)
    return plans, skipped


def _check(work: Work, row: Kept, target: Target) -> bool:
    """Return whether the row's old id is unused; raises a refusal if the row cannot be restored."""
    if row.restored_request is not None:
        raise _already(work, row)
    if target.job_id is not None:
        try:
            restore.check_job(work.connection, work.queue, target.job_id, row)
        except JobGone as refusal:
            last = audit_log.last_removal(work.connection, "job", target.job_id)
            if last is None:
                raise
            raise JobGone(id=refusal.id, job=refusal.job, by=last.actor, at=last.at) from refusal
    return restore.check_room(work.connection, work.queue, row, target.row_digest)


def _already(work: Work, row: Kept) -> AlreadyUndone:
    undo = changes.by_request(work.connection, row.restored_request or "")
    return AlreadyUndone(by="?" if undo is None else undo.actor, at=row.restored_at)


def _why_not(work: Work, copies: Sequence[Kept], skipped: Sequence[SkippedRow]) -> Refusal:
    """Return `AlreadyUndone` if all rows were restored earlier, else a refusal with the reasons."""
    if all(row.restored_request is not None for row in copies):
        return _already(work, copies[-1])
    return NothingToDo(skipped=tuple(skipped))


def _restore(work: Work, plan: _Plan) -> int:
    job_id = plan.target.job_id
    if job_id is not None:
        request = work.invocation.request_id
        restore.take_back(work.connection, work.queue, job_id, request, work.now)
        reach("undo-taken-back")
    id_ = restore.put_back(work.connection, work.queue, plan.row, free=plan.free)
    reach("undo-put-back")
    return id_


def _index(work: Work, plans: Sequence[_Plan], ids: Sequence[int], undone: Removal) -> None:
    """Add the restored failed jobs to the index of failures again."""
    seqs: dict[int, int] = {}
    for plan, id_ in zip(plans, ids, strict=True):
        if plan.row.kind == "failed":
            seq = reindex.last_seen(work.connection, plan.row.row_id, plan.target.row_digest)
            if seq is not None:
                seqs[seq] = id_
    reindex.index_restored(work.connection, work.queue, seqs, work.now, undone)


def _restored_row(work: Work, plan: _Plan, id_: int) -> RestoredRow:
    row, identity = plan.row, _identity(work, plan.row)
    return RestoredRow(
        kind=row.kind,
        id=row.row_id,
        new_id=None if id_ == row.row_id else id_,
        queue=work.queue.mask(row.queue),
        job_class=identity.job_class,
        order_id=identity.order_id,
        subjects=dict(identity.subjects),
        job_id=plan.target.job_id,
        reserved=row.reserved_at is not None,
    )


def _identity(work: Work, row: Kept) -> JobIdentity:
    return work.queue.identify(row.head)


def _targets(plans: Sequence[_Plan], ids: Sequence[int]) -> tuple[Target, ...]:
    """Return the restored rows by old and new id; the audit log then finds them by either id."""
    targets = [plan.target for plan in plans]
    targets += [
        plan.target.model_copy(update={"id": id_, "job_id": None})
        for plan, id_ in zip(plans, ids, strict=True)
        if id_ != plan.row.row_id
    ]
    return tuple(targets)
