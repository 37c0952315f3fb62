"""The sentence for each type of refusal, without Block Kit."""

import re
from datetime import datetime

from bot.models.actions import Actions, counted_as
from bot.models.job_changes import SkippedRow
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
    FailedJobNotFound,
    Frozen,
    IncidentClosed,
    IncidentNotFound,
    Invalid,
    JobGone,
    JobNotFound,
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
    TimesOff,
    TooFrequent,
    UndoExpired,
    Unfinished,
    UnknownCommand,
    WrongChannel,
    WrongQueue,
)
from bot.models.refusals.skipped import refusal_of
from bot.models.requests import Person
from bot.text import Mrkdwn, Texts, code, join, mention, named
from bot.views.names import offset_values

NAMED = 10
LONGEST = 300
_QUOTED = re.compile(r"'([^']*)'")


def sentence_of(refusal: Refusal, texts: Texts, actions: Actions) -> Mrkdwn:
    """Return the refused request and the reason, in one sentence."""
    match refusal:
        case JobNotFound() | FailedJobNotFound():
            return _not_found(refusal, texts, actions)
        case Invalid():
            return _invalid(refusal, texts)
        case TimesOff():
            return texts(_key(refusal), **offset_values(refusal.minutes, texts))
    values = (
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
    return texts(_key(refusal), code=code(refusal.code), **values)


def skipped_sentence(row: SkippedRow, texts: Texts, actions: Actions) -> Mrkdwn:
    """Return why the row was skipped; name only the code if no refusal of rows has this code."""
    if row.code == WrongQueue.code:
        return texts("skipped-wrong-queue", id=str(row.id))
    refusal = refusal_of(row)
    if refusal is None:
        return texts("refusal-refused", code=code(row.code))
    return sentence_of(refusal, texts, actions)


def _key(refusal: Refusal) -> str:
    """Return the catalog key. Some types of refusal have a second sentence for additional facts."""
    suffix = ""
    match refusal:
        case WrongQueue(queue="*"):
            suffix = "-all"
        case Denied(most=int()):
            suffix = "-many" if refusal.recent is None else "-recent"
        case TooFrequent(previews=True):
            suffix = "-previews"
        case SecondPersonNeeded(why="terminal"):
            suffix = "-terminal"
        case Frozen(reason=str(reason)) if reason.strip():
            suffix = "-reason"
        case NotReserved(by=str()) | NotFrozen(by=str()) | NotMuted(by=str()) | JobGone(by=str()):
            suffix = "-by"
    return f"refusal-{refusal.code}{suffix}"


def _not_found(refusal: JobNotFound | FailedJobNotFound, texts: Texts, actions: Actions) -> Mrkdwn:
    key, how = f"refusal-{refusal.code}", counted_as(actions, refusal.action)
    if refusal.by is None or how is None or refusal.at is None:
        return texts(key, id=refusal.id)
    return texts(f"{key}-{how}", id=refusal.id, **_by(refusal.by, refusal.at, texts))


def _invalid(refusal: Invalid, texts: Texts) -> Mrkdwn:
    if _is_error_group(refusal):
        return texts("problem-id-group", value=code(f"error={refusal.value}"))
    key = f"problem-{refusal.problem}"
    return texts(
        key if texts.has(key) else "problem-other",
        field=code(refusal.field, 64),
        value=_word(refusal.value),
        expected=_expected(refusal.expected[:LONGEST]),
    )


def _is_error_group(refusal: Invalid) -> bool:
    """Return whether the typed id is an error group, and the command can filter by error group."""
    group = re.fullmatch(r"[eE]\d{1,18}", refusal.value)
    words = ("id", "extra-word", "incident")
    return refusal.problem in words and group is not None and "[error=" in refusal.usage


def _expected(text: str) -> Mrkdwn:
    """Remove the English "or" from pydantic's list `'a', 'b' or 'c'`. Do not change a limit."""
    words = _QUOTED.findall(text)
    return join(", ", (code(word, 40) for word in words[:NAMED])) if words else code(text, 40)


def _word_values(refusal: Refusal, texts: Texts) -> dict[str, object]:
    match refusal:
        case NotOperator():
            return {"person": Person(refusal.person)}
        case PersonAmbiguous():
            people = join(", ", [mention(person) for person in refusal.people[:NAMED]])
            return {"name": _word(refusal.name), "people": people}
        case PersonNotFound():
            return {"name": _word(refusal.name)}
        case UnknownCommand():
            nearest = code(texts.typed(refusal.nearest))
            return {"word": _word(refusal.word), "nearest": nearest}
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
            return {"id": refusal.id, **_by(refusal.by, refusal.at, texts)}
        case RowHasChildren() | RowRefused() | RowTooLong() | RowWouldChange():
            return {"id": refusal.id, "detail": code(refusal.detail, 200)}
        case JobTaken() | JobGone():
            by = _by(refusal.by, refusal.at, texts) if isinstance(refusal, JobGone) else {}
            return {"id": refusal.id, "job": refusal.job, **by}
    return {}


def _incident_values(refusal: Refusal, texts: Texts) -> dict[str, object]:
    match refusal:
        case ErrorGroupNotFound() | IncidentNotFound():
            return {"id": refusal.id}
        case IncidentClosed():
            return {"id": refusal.id, "at": _clock(refusal.at, texts)}
        case AlreadyAcknowledged():
            return {"id": refusal.id, **_by(refusal.by, refusal.at, texts)}
        case AlreadyMuted() | NotMuted():
            return {"word": _word(refusal.word), **_by(refusal.by, refusal.at, texts)}
        case MutedOtherwise():
            return {
                "id": refusal.id,
                "word": _word(refusal.word),
                "nearest": code(texts.typed(refusal.nearest)),
                **_by(refusal.by, refusal.at, texts),
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
            by = _by(refusal.by, refusal.at, texts)
            return {"reason": named((refusal.reason or "")[:LONGEST], LONGEST), **by}
        case AlreadyFrozen() | NotFrozen():
            return _by(refusal.by, refusal.at, texts)
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
            return {"word": _word(refusal.word)}
        case NotUndoable():
            return {"command": code(refusal.action, 40)}
        case AlreadyUndone():
            return _by(refusal.by, refusal.at, texts)
    return {}


def _ended(refusal: StillRunning | Unfinished) -> dict[str, object]:
    command = code(refusal.action, 40)
    return {"command": command, "done": refusal.done, "total": refusal.total}


def _by(by: str | None, at: datetime | None, texts: Texts) -> dict[str, object]:
    return {"by": Person(by or ""), "at": _clock(at, texts)}


def _clock(at: datetime | None, texts: Texts) -> Mrkdwn:
    return Mrkdwn("–") if at is None else texts.clock(at)


def _word(text: str) -> Mrkdwn:
    return code(text, 64) or code("–")
