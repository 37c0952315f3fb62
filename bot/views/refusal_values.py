"""The values that the sentence of each refusal has."""

from datetime import datetime

from bot.models.refusals import (
    AlreadyAcknowledged,
    AlreadyFrozen,
    AlreadyMerged,
    AlreadyMuted,
    AlreadyUndone,
    ApprovalPending,
    Changed,
    ChangeNotFound,
    CountMismatch,
    Denied,
    ErrorGroupNotFound,
    Frozen,
    IncidentClosed,
    IncidentNotFound,
    JobGone,
    JobTaken,
    MutedOtherwise,
    NotAwaiting,
    NotFrozen,
    NothingToUndo,
    NotMember,
    NotMerged,
    NotMuted,
    NotOperator,
    NotReserved,
    NotUndoable,
    OperationRunning,
    PersonAmbiguous,
    PersonNotFound,
    PlanExpired,
    QueueNotFound,
    Refusal,
    ReservedAgain,
    ReservedRecently,
    RowHasChildren,
    RowRefused,
    RowThere,
    RowTooLong,
    RowWouldChange,
    SecondPersonNeeded,
    StillRunning,
    TooFrequent,
    UndoExpired,
    Unfinished,
    UnknownCommand,
    WrongChannel,
    WrongQueue,
)
from bot.models.requests import Person
from bot.text import Mrkdwn, Texts, code, join, mention, named

NAMED = 10
"""The most people or values that a sentence names."""
LONGEST = 300


def values_of(refusal: Refusal, texts: Texts) -> dict[str, object]:
    """Return the values of a refusal for its sentence; a refusal has values of one kind."""
    return (
        _word_values(refusal, texts)
        or _access_values(refusal, texts)
        or _row_values(refusal, texts)
        or _incident_values(refusal, texts)
        or _merge_values(refusal, texts)
        or _freeze_values(refusal, texts)
        or _operation_values(refusal)
        or _approval_values(refusal)
        or _undo_values(refusal, texts)
    )


def _word_values(refusal: Refusal, texts: Texts) -> dict[str, object]:
    match refusal:
        case NotOperator():
            return {"person": Person(refusal.person)}
        case PersonAmbiguous():
            people = join(", ", [mention(person) for person in refusal.people[:NAMED]])
            return {"name": typed_word(refusal.name), "people": people}
        case PersonNotFound():
            return {"name": typed_word(refusal.name)}
        case UnknownCommand():
            nearest = code(texts.typed(refusal.nearest))
            return {"word": typed_word(refusal.word), "nearest": nearest}
    return {}


def _access_values(refusal: Refusal, texts: Texts) -> dict[str, object]:
    match refusal:
        case Denied():
            needed, has = texts(f"role-{refusal.needed.word}"), texts(f"role-{refusal.has.word}")
            return {
                "needed": needed,
                "has": has,
                "total": refusal.total or 0,
                "most": refusal.most or 0,
                "recent": refusal.recent or 0,
                "minutes": refusal.minutes or 0,
            }
        case TooFrequent():
            return {"most": refusal.most, "seconds": refusal.seconds}
        case NotMember():
            key = f"not-member-{refusal.why}"
            return {"why": texts(key if texts.has(key) else "not-member-other")}
        case WrongChannel():
            return {"place": "shared" if refusal.why == "shared" else "other"}
        case WrongQueue() | QueueNotFound():
            return {"queue": code(refusal.queue, 80) or code("–")}
    return {}


def _row_values(refusal: Refusal, texts: Texts) -> dict[str, object]:
    match refusal:
        case Changed() | RowThere():
            return {"id": refusal.id}
        case ReservedAgain() | ReservedRecently():
            return {"id": refusal.id, "at": _clock(refusal.at, texts)}
        case NotReserved():
            return {"id": refusal.id, **by_whom(refusal.by, refusal.at, texts)}
        case RowHasChildren() | RowRefused() | RowTooLong() | RowWouldChange():
            return {"id": refusal.id, "detail": code(refusal.detail, 200)}
        case JobTaken() | JobGone():
            by = by_whom(refusal.by, refusal.at, texts) if isinstance(refusal, JobGone) else {}
            return {"id": refusal.id, "job": refusal.job, **by}
    return {}


def _incident_values(refusal: Refusal, texts: Texts) -> dict[str, object]:
    match refusal:
        case ErrorGroupNotFound() | IncidentNotFound():
            return {"id": refusal.id}
        case IncidentClosed():
            return {"id": refusal.id, "at": _clock(refusal.at, texts)}
        case AlreadyAcknowledged():
            return {"id": refusal.id, **by_whom(refusal.by, refusal.at, texts)}
        case AlreadyMuted() | NotMuted():
            return {"word": typed_word(refusal.word), **by_whom(refusal.by, refusal.at, texts)}
        case MutedOtherwise():
            return {
                "id": refusal.id,
                "word": typed_word(refusal.word),
                "nearest": code(texts.typed(refusal.nearest)),
                **by_whom(refusal.by, refusal.at, texts),
            }
    return {}


def _merge_values(refusal: Refusal, texts: Texts) -> dict[str, object]:
    match refusal:
        case NotMerged():
            return {"id": refusal.id}
        case AlreadyMerged():
            undo = code(texts.typed(f"error {refusal.id} merge=no"))
            return {"id": refusal.id, "into": refusal.into, "command": undo}
    return {}


def _freeze_values(refusal: Refusal, texts: Texts) -> dict[str, object]:
    match refusal:
        case Frozen():
            by = by_whom(refusal.by, refusal.at, texts)
            return {"reason": named((refusal.reason or "")[:LONGEST], LONGEST), **by}
        case AlreadyFrozen() | NotFrozen():
            return by_whom(refusal.by, refusal.at, texts)
    return {}


def _operation_values(refusal: Refusal) -> dict[str, object]:
    match refusal:
        case PlanExpired():
            return {"action": refusal.action}
        case CountMismatch():
            return {"expected": refusal.expected}
        case OperationRunning():
            return {"command": code(refusal.action, 40), "by": Person(refusal.by)}
        case StillRunning():
            return {"operation": str(refusal.operation), **_ended(refusal)}
        case Unfinished():
            return _ended(refusal)
    return {}


def _approval_values(refusal: Refusal) -> dict[str, object]:
    match refusal:
        case NotAwaiting() | SecondPersonNeeded():
            return {"operation": f"O{refusal.id}"}
        case ApprovalPending():
            operation = f"O{refusal.operation}"
            return {"command": code(refusal.action, 40), "operation": operation}
    return {}


def _undo_values(refusal: Refusal, texts: Texts) -> dict[str, object]:
    match refusal:
        case NothingToUndo() | UndoExpired():
            return {"days": refusal.days}
        case ChangeNotFound():
            return {"word": typed_word(refusal.word)}
        case NotUndoable():
            return {"command": code(refusal.action, 40)}
        case AlreadyUndone():
            return by_whom(refusal.by, refusal.at, texts)
    return {}


def _ended(refusal: StillRunning | Unfinished) -> dict[str, object]:
    command = code(refusal.action, 40)
    return {"command": command, "done": refusal.done, "total": refusal.total}


def by_whom(by: str | None, at: datetime | None, texts: Texts) -> dict[str, object]:
    """Return the person and the time of an earlier change."""
    return {"by": Person(by or ""), "at": _clock(at, texts)}


def _clock(at: datetime | None, texts: Texts) -> Mrkdwn:
    return Mrkdwn("–") if at is None else texts.clock(at)


def typed_word(text: str) -> Mrkdwn:
    """Return a typed word, or a dash if there is none."""
    return code(text, 64) or code("–")
