"""The sentence for each type of refusal, without Block Kit."""

import re

from bot.models.actions import Actions, counted_as
from bot.models.job_changes import SkippedRow
from bot.models.refusals import (
    Denied,
    FailedJobNotFound,
    Frozen,
    Invalid,
    JobGone,
    JobNotFound,
    NotFrozen,
    NotMuted,
    NotReserved,
    Refusal,
    SecondPersonNeeded,
    TimesOff,
    TooFrequent,
    WrongQueue,
)
from bot.models.refusals.skipped import refusal_of
from bot.text import Mrkdwn, Texts, code, join
from bot.views.names import offset_values
from bot.views.refusal_values import LONGEST, NAMED, by_whom, typed_word, values_of

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
    return texts(_key(refusal), code=code(refusal.code), **values_of(refusal, texts))


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
    return texts(f"{key}-{how}", id=refusal.id, **by_whom(refusal.by, refusal.at, texts))


def _invalid(refusal: Invalid, texts: Texts) -> Mrkdwn:
    if _is_error_group(refusal):
        return texts("problem-id-group", value=code(f"error={refusal.value}"))
    key = f"problem-{refusal.problem}"
    return texts(
        key if texts.has(key) else "problem-other",
        field=code(refusal.field, 64),
        value=typed_word(refusal.value),
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
