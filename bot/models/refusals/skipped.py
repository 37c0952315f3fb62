"""Refusals of single rows out of several: each is a `SkippedRow` of the request's result."""

from typing import Any

from pydantic import TypeAdapter

from bot.models.jobs import SkippedRow
from bot.models.refusals.base import Refusal
from bot.models.refusals.rows import (
    Changed,
    FailedJobNotFound,
    JobNotFound,
    NotReserved,
    ReservedAgain,
    ReservedRecently,
    RowRefused,
    RowTooLong,
    RowWouldChange,
)
from bot.models.refusals.undo import AlreadyUndone, JobGone, JobTaken, RowThere

ROW_REFUSALS: tuple[type[Refusal], ...] = (
    AlreadyUndone,
    Changed,
    FailedJobNotFound,
    JobGone,
    JobNotFound,
    JobTaken,
    NotReserved,
    ReservedAgain,
    ReservedRecently,
    RowRefused,
    RowThere,
    RowTooLong,
    RowWouldChange,
)
"""The refusals that a skipped row can be turned back into; of `WrongQueue` it has no queue."""

_BY_CODE = {refusal_type.code: TypeAdapter(refusal_type) for refusal_type in ROW_REFUSALS}


def skipped_row(id_: int, refusal: Refusal) -> SkippedRow:
    """Return the row that the refusal leaves alone, with the reason."""
    code = refusal.code
    known: dict[str, Any] = {}
    match refusal:
        case JobNotFound() | FailedJobNotFound() | NotReserved():
            by, action, at = refusal.by, refusal.action, refusal.at
            known |= {"by": by, "action": action, "at": at}
        case ReservedAgain() | ReservedRecently():
            known["at"] = refusal.at
        case JobGone():
            known |= {"job": refusal.job, "by": refusal.by, "at": refusal.at}
        case JobTaken():
            known["job"] = refusal.job
        case RowRefused() | RowTooLong() | RowWouldChange():
            known["detail"] = refusal.detail
        case AlreadyUndone():
            known |= {"by": refusal.by, "at": refusal.at}
    return SkippedRow(id=id_, code=code, **known)


def refusal_of(row: SkippedRow) -> Refusal | None:
    """Return the refusal that left the row alone; None for a code without a row's refusal."""
    adapter = _BY_CODE.get(row.code)
    if adapter is None:
        return None
    return adapter.validate_python({**row.model_dump(), "id": str(row.id)})
