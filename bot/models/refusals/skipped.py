"""Refusals of single rows in a request for several rows, as `SkippedRow`s of its result."""

from typing import Any

from pydantic import TypeAdapter

from bot.models.job_changes import SkippedRow
from bot.models.refusals.base import Refusal
from bot.models.refusals.rows import (
    Changed,
    FailedJobNotFound,
    JobNotFound,
    NotReserved,
    OtherConnection,
    ReservedAgain,
    ReservedRecently,
    RowHasChildren,
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
    OtherConnection,
    ReservedAgain,
    ReservedRecently,
    RowHasChildren,
    RowRefused,
    RowThere,
    RowTooLong,
    RowWouldChange,
)
"""The refusals that `refusal_of` can make from a skipped row; its `WrongQueue` has no queue."""

_BY_CODE = {refusal_type.code: TypeAdapter(refusal_type) for refusal_type in ROW_REFUSALS}


def skipped_row(id_: int, refusal: Refusal) -> SkippedRow:
    """Return a skipped row with the reason of the refusal."""
    code = refusal.code
    details: dict[str, Any] = {}
    match refusal:
        case JobNotFound() | FailedJobNotFound() | NotReserved():
            by, action, at = refusal.by, refusal.action, refusal.at
            details |= {"by": by, "action": action, "at": at}
            details["is_order"] = isinstance(refusal, FailedJobNotFound) and refusal.is_order
        case ReservedAgain() | ReservedRecently():
            details["at"] = refusal.at
        case JobGone():
            details |= {"job": refusal.job, "by": refusal.by, "at": refusal.at}
        case JobTaken():
            details["job"] = refusal.job
        case RowHasChildren() | RowRefused() | RowTooLong() | RowWouldChange():
            details["detail"] = refusal.detail
        case AlreadyUndone():
            details |= {"by": refusal.by, "at": refusal.at}
    return SkippedRow(id=id_, code=code, **details)


def refusal_of(row: SkippedRow) -> Refusal | None:
    """Return the refusal of a skipped row, or None if no refusal of rows has its code."""
    adapter = _BY_CODE.get(row.code)
    if adapter is None:
        return None
    return adapter.validate_python({**row.model_dump(), "id": str(row.id)})
