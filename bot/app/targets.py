"""The rows that a change names by id: locked in id order, checked, and the reasons for the rest."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import Field, ValidationError

from bot.access.roles import check_queue
from bot.app.command import Arguments, Command, Work
from bot.app.parsing import Ids
from bot.fingerprint.payload import JobIdentity
from bot.models.actions import Action
from bot.models.jobs import SkippedRow
from bot.models.operations import Named, Target
from bot.models.refusals import (
    Changed,
    FailedJobNotFound,
    JobNotFound,
    NothingToDo,
    Refusal,
    RowRefused,
    RowTooLong,
    RowWouldChange,
)
from bot.models.refusals.skipped import skipped_row
from bot.queue import moves
from bot.queue.moves import LockedFailed, LockedJob
from bot.store.archive import ArchivedAs
from bot.store.audit import audit_log


class RowArguments(Arguments):
    """Which rows, by id; `digest` is the row digest that a button carries."""

    ids: Ids = Field(json_schema_extra={"positional": "ID…"})
    digest: str | None = Field(default=None, max_length=32, json_schema_extra={"internal": True})


class Row(Protocol):
    """What both kinds of row have in common."""

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
        """What the row holds, as 32 hex digits."""
        ...

    @property
    def identity(self) -> JobIdentity:
        """What its payload says of the job."""
        ...


R = TypeVar("R", bound=Row)
T = TypeVar("T")


def lock_failed(
    work: Work, ids: Sequence[int], digest: str | None
) -> tuple[list[LockedFailed], tuple[SkippedRow, ...]]:
    """The failed jobs with these ids, locked, and what was skipped.

    `digest` is the row digest that a button carried. A single id that cannot be taken raises its
    own refusal; of several, those that can be taken are.
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
    """The jobs with these ids, locked, and what was skipped, as for failed jobs."""
    return _lock(
        work,
        ids,
        digest,
        lambda id_: moves.lock_job(work.connection, work.queue, id_),
        lambda id_: not_found(work, "job", id_),
    )


def _lock(
    work: Work,
    ids: Sequence[int],
    digest: str | None,
    lock: Callable[[int], R | None],
    missing: Callable[[int], Refusal],
) -> tuple[list[R], tuple[SkippedRow, ...]]:
    found: list[R] = []
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
            found.append(row)
    if not found:
        raise NothingToDo(skipped=tuple(skipped))
    return found, tuple(skipped)


def change_each(
    work: Work, rows: Sequence[R], change: Callable[[R], T]
) -> tuple[list[tuple[R, T]], tuple[SkippedRow, ...]]:
    """Change locked rows one by one; return those that were changed, and those that were refused.

    A single row that is refused raises its own refusal; of several, the others are changed.
    """
    if len(rows) == 1:
        return [(rows[0], change(rows[0]))], ()
    changed: list[tuple[R, T]] = []
    refused: list[SkippedRow] = []
    for row in rows:
        try:
            with work.connection.begin_nested():
                changed.append((row, change(row)))
        except (RowRefused, RowTooLong, RowWouldChange) as refusal:
            refused.append(skipped_row(row.id, refusal))
    if not changed:
        raise NothingToDo(skipped=tuple(refused))
    return changed, tuple(refused)


def same_row(now: str, seen: str) -> bool:
    """Whether the row is the one that the person saw.

    An id that came back with another row is refused; the mutant `no_row_digest` proves it.
    """
    return now == seen


def not_found(work: Work, kind: str, id_: int) -> Refusal:
    """The refusal that says who took the row away, where the audit knows."""
    doer = audit_log.last_removal(work.connection, kind, id_)
    refusal = FailedJobNotFound if kind == "failed" else JobNotFound
    if doer is None:
        return refusal(id=str(id_))
    return refusal(id=str(id_), by=doer.actor, action=doer.action, at=doer.at)


def archived_as(work: Work, action: Action) -> ArchivedAs:
    """How the archive names this request."""
    return ArchivedAs(action.name, action.counts_as, work.invocation.request_id, work.now)


def target(kind: str, row: Row) -> Target:
    """The row as the audit keeps it."""
    return Target.model_validate(
        {
            "kind": kind,
            "id": row.id,
            "queue": row.queue,
            "row_digest": row.row_digest,
            "order_id": row.identity.order_id,
            "tienda_id": row.identity.tienda_id,
        }
    )


def named(command: Command | None, values: Mapping[str, Any]) -> tuple[Named, ...]:
    """The rows that a request asks for by id; none where its words cannot be read."""
    kind = None if command is None else command.row_kind
    if command is None or kind is None:
        return ()
    try:
        arguments = command.arguments.model_validate(dict(values))
    except ValidationError:
        return ()
    one = getattr(arguments, "id", None)
    ids = getattr(arguments, "ids", None) or (() if one is None else (one,))
    return tuple(Named(kind=kind, id=id_) for id_ in ids)
