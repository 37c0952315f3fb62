"""Lock the rows that a change names by id, in id order, and check them.

A row that cannot be changed is returned with a reason.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import Field, ValidationError
from sqlalchemy import Table

from bot.access.roles import check_queue
from bot.app.argument_types import Ids
from bot.app.command import Arguments, Command
from bot.app.work import Work
from bot.database.transactions import savepoint
from bot.fingerprint.payload import JobIdentity
from bot.models.actions import Action
from bot.models.audit import Named, Target
from bot.models.job_batches import BATCH, JobBatch
from bot.models.job_changes import DeletedRow, SkippedRow
from bot.models.refusals import (
    Changed,
    FailedJobNotFound,
    JobNotFound,
    NothingToDo,
    Refusal,
    RowHasChildren,
    RowRefused,
    RowTooLong,
    RowWouldChange,
)
from bot.models.refusals.skipped import skipped_row
from bot.models.subjects import ORDER, SubjectKey
from bot.queue import moves
from bot.queue.children import Children, children_of
from bot.queue.moves import LockedFailed, LockedJob
from bot.store.archive import ArchivedAs
from bot.store.audit import audit_log
from bot.store.failures import failure_lookups, subjects


class RowArguments(Arguments):
    """The ids of the rows; `digest` is the row digest from a button.

    `force`: also change rows that rows of another table reference.
    """

    ids: Ids = Field(json_schema_extra={"positional": "ID…"})
    digest: str | None = Field(default=None, max_length=32, json_schema_extra={"internal": True})
    force: bool = Field(default=False, json_schema_extra={"form": "yes"})


class Row(Protocol):
    """The properties that jobs and failed jobs share."""

    @property
    def id(self) -> int:
        """The row's id."""
        ...

    @property
    def queue(self) -> str:
        """The row's queue."""
        ...

    @property
    def row_digest(self) -> str:
        """The digest of the row's content, as 32 hex digits."""
        ...

    @property
    def identity(self) -> JobIdentity:
        """The job's identity, read from its payload."""
        ...


R = TypeVar("R", bound=Row)
T = TypeVar("T")


def lock_failed(
    work: Work, ids: Sequence[int], digest: str | None
) -> tuple[list[LockedFailed], tuple[SkippedRow, ...]]:
    """Lock the failed jobs with these ids; return the locked rows and the skipped ids.

    `digest` is the row digest from a button. If a single id is refused, its refusal is raised. Of
    several ids, the refused ids are skipped.
    """
    return _lock(
        work,
        ids,
        digest,
        lambda id_: moves.lock_failed(work.connection, work.queue, id_),
        lambda id_: not_found(work, "failed", id_),
    )


def lock_jobs(
    work: Work, ids: Sequence[int], digest: str | None
) -> tuple[list[LockedJob], tuple[SkippedRow, ...]]:
    """Lock the jobs with these ids; return the locked rows and the skipped ids."""
    return _lock(
        work,
        ids,
        digest,
        lambda id_: moves.lock_job(work.connection, work.queue, id_, work.now),
        lambda id_: not_found(work, "job", id_),
    )


def _lock(
    work: Work,
    ids: Sequence[int],
    digest: str | None,
    lock: Callable[[int], R | None],
    missing: Callable[[int], Refusal],
) -> tuple[list[R], tuple[SkippedRow, ...]]:
    rows: list[R] = []
    skipped: list[SkippedRow] = []
    for id_ in sorted(ids):
        try:
            row = lock(id_)
            if row is None:
                raise missing(id_)
            if digest is not None and not same_row(row.row_digest, digest):
                raise Changed(id=str(id_))
            check_queue(work.setup.rules, row.queue)
        except Refusal as refusal:
            if len(ids) == 1:
                raise
            skipped.append(skipped_row(id_, refusal))
        else:
            rows.append(row)
    if not rows:
        raise NothingToDo(skipped=tuple(skipped))
    return rows, tuple(skipped)


def change_each(
    work: Work, rows: Sequence[R], change: Callable[[R], T], children: Children | None
) -> tuple[list[tuple[R, T]], tuple[SkippedRow, ...]]:
    """Change locked rows one by one; return the changed rows and the skipped rows.

    If a single row is refused, its refusal is raised. Of several rows, a refused row is skipped.
    `children`: refuse rows that rows of another table reference. None disables this check.
    """

    def checked(row: R) -> T:
        if children is not None:
            children.check(work.connection, row.id)
        return change(row)

    if len(rows) == 1:
        return [(rows[0], checked(rows[0]))], ()
    changed: list[tuple[R, T]] = []
    refused: list[SkippedRow] = []
    for row in rows:
        try:
            with savepoint(work.connection):
                changed.append((row, checked(row)))
        except (RowHasChildren, RowRefused, RowTooLong, RowWouldChange) as refusal:
            refused.append(skipped_row(row.id, refusal))
    if not changed:
        raise NothingToDo(skipped=tuple(refused))
    return changed, tuple(refused)


def children_unless(work: Work, table: Table, *, force: bool) -> Children | None:
    """Return the children of the table's rows, or None if `force` disables the check."""
    return None if force else children_of(work.connection, table)


def batches_of(work: Work, rows: Sequence[Row]) -> dict[int, JobBatch]:
    """Return the framework's batches of the rows that have one, by the row's id."""
    ids = {row.id: row.identity.subjects.get(BATCH) for row in rows}
    batches = work.queue.batches_of(work.connection, ids.values())
    return {id_: batches[str(batch)] for id_, batch in ids.items() if str(batch) in batches}


def deleted_row(
    row: Row,
    batch: JobBatch | None,
    *,
    failed_at: str | None = None,
    attempts: int | None = None,
    reserved: bool = False,
) -> DeletedRow:
    """Return the answer about one deleted row; each kind of row has further fields."""
    return DeletedRow(
        id=row.id,
        queue=row.queue,
        job_class=row.identity.job_class,
        order_id=row.identity.order_id,
        subjects=dict(row.identity.subjects),
        batch=batch,
        failed_at=failed_at,
        attempts=attempts,
        reserved=reserved,
    )


def same_row(current: str, expected: str) -> bool:
    """Return whether the row is still the row that the person saw.

    An id that now belongs to a different row is refused. The mutant `no_row_digest` proves it.
    """
    return current == expected


def not_found(work: Work, kind: str, id_: int) -> Refusal:
    """Return the refusal; it names who removed the row, if the audit log has a record of that."""
    last = audit_log.last_removal(work.connection, kind, id_)
    if last is None and kind == "failed":
        names = work.queue.subject_names
        key = SubjectKey(str(id_), name=names[0] if names else ORDER)
        is_order = failure_lookups.has_failures_of(work.connection, key)
        return FailedJobNotFound(id=str(id_), is_order=is_order)
    refusal = FailedJobNotFound if kind == "failed" else JobNotFound
    if last is None:
        return refusal(id=str(id_))
    return refusal(id=str(id_), by=last.actor, action=last.action, at=last.at)


def archived_as(work: Work, action: Action) -> ArchivedAs:
    """Return the reference to this request that the archive stores."""
    return ArchivedAs(action.name, action.counts_as, work.invocation.request_id, work.now)


def target(kind: str, row: Row) -> Target:
    """Return the row in the form that the audit log stores."""
    return Target.model_validate(
        {
            "kind": kind,
            "id": row.id,
            "queue": row.queue,
            "row_digest": row.row_digest,
            "order_id": row.identity.order_id,
            "tienda_id": row.identity.tienda_id,
            "subjects": subjects.stored(row.identity.subjects),
        }
    )


def named(command: Command | None, values: Mapping[str, Any]) -> tuple[Named, ...]:
    """Return the rows that a request names by id; none if its arguments are invalid."""
    kind = None if command is None else command.row_kind
    if command is None or kind is None:
        return ()
    try:
        arguments = command.arguments.model_validate(dict(values))
    except ValidationError:
        return ()
    single = getattr(arguments, "id", None)
    ids = getattr(arguments, "ids", None) or (() if single is None else (single,))
    return tuple(Named(kind=kind, id=id_) for id_ in ids)
