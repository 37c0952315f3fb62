"""Why something was not done, in one sentence, and what would help."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.models.actions import Actions, counted_as
from bot.models.jobs import SkippedRow
from bot.models.refusals import Refusal
from bot.models.requests import Message, Person, Role
from bot.text import Mrkdwn, Texts, channel, code, group, join, mention, named, readable
from bot.views.blocks import context_line, message, section, sections
from bot.views.context import Context

NAMED = 10
COUNTS = ("expected", "done", "total", "days", "most")
_QUOTED = re.compile(r"'([^']*)'")
_GONE = ("failed-job-not-found", "job-not-found")
_CLOSED = ("denied", "not-member", "wrong-channel", "wrong-queue", "unverifiable")
_NOTE = "\N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16}"
_TROUBLE = ("busy", "database-down", "outcome-unknown", "read-only")


def refusal_message(refusal: Refusal, ctx: Context) -> Message:
    """The sentence with what would help: the usage, who has the role, where changes are allowed."""
    texts = ctx.texts
    mark = "⛔" if refusal.code in _CLOSED else "⚠️" if refusal.code in _TROUBLE else _NOTE
    sentence = _sentence(refusal.code, refusal.values, texts, ctx.actions)
    key = "refusal-question" if sentence.endswith("?") else "refusal-lead"
    lead = texts(key, mark=mark, sentence=sentence)
    skipped = [row for row in _many(refusal, "skipped") if isinstance(row, SkippedRow)]
    lines = [lead, *skipped_lines(skipped, ctx)]
    notes = _notes(refusal, texts)
    blocks = [*sections(lines), *(context_line(note) for note in notes)]
    return message([*lines, *notes], blocks)


def refusal_sentence(refusal: Refusal, texts: Texts, actions: Actions) -> str:
    """The sentence alone, as plain text for the terminal, JSON and the audit."""
    return readable(_sentence(refusal.code, refusal.values, texts, actions))


def bug_message(incident: str, texts: Texts, *, nothing_changed: bool) -> Message:
    """That something broke, under which id it was logged, and whether anything was changed."""
    said = texts("bug", incident=code(incident), nothing_changed=nothing_changed)
    return message([said], [section(said)])


def skipped_lines(skipped: Sequence[SkippedRow], ctx: Context) -> list[Mrkdwn]:
    """A line for each row that was left alone: why, and by whom and when it was taken."""
    lines = []
    for row in skipped:
        values = {**row.model_dump(exclude={"code"}), "id": str(row.id)}
        sentence = _sentence(row.code, values, ctx.texts, ctx.actions)
        lines.append(ctx.texts("skipped-row", sentence=sentence))
    return lines


def reason_words(code_: str, texts: Texts) -> Mrkdwn:
    """A refusal's code in a few words; a reason that is no code, as it is written."""
    key = f"reason-{code_}"
    return texts(key) if texts.has(key) else code(code_, 200)


def _sentence(code_: str, values: Mapping[str, object], texts: Texts, actions: Actions) -> Mrkdwn:
    if code_ in _GONE:
        return _gone(code_, values, texts, actions)
    if code_ == "invalid":
        return _invalid(values, texts)
    if code_ == "wrong-queue" and "queue" not in values:
        return texts("skipped-wrong-queue", id=_text(values, "id"))
    if code_ == "wrong-queue" and values["queue"] == "*":
        return texts("refusal-wrong-queue-all")
    key = f"refusal-{code_}"
    if values.get("by") is not None and texts.has(f"{key}-by"):
        key = f"{key}-by"
    if _text(values, "reason").strip() and texts.has(f"{key}-reason"):
        key = f"{key}-reason"
    if code_ == "denied" and "most" in values:
        key = "refusal-denied-many"
    if not texts.has(key):
        return texts("refusal-refused", code=code(code_))
    return texts(key, code=code(code_), **_shown(values, texts))


def _gone(code_: str, values: Mapping[str, object], texts: Texts, actions: Actions) -> Mrkdwn:
    by, at, how = values.get("by"), values.get("at"), counted_as(actions, values.get("action"))
    id_ = _text(values, "id")
    if by is None or how is None or not isinstance(at, datetime):
        return texts(f"refusal-{code_}", id=id_)
    key = f"refusal-{code_}-{how}"
    return texts(key, id=id_, by=Person(str(by)), at=texts.clock(at))


def _invalid(values: Mapping[str, object], texts: Texts) -> Mrkdwn:
    problem = _text(values, "problem")
    key = f"problem-{problem}" if texts.has(f"problem-{problem}") else "problem-other"
    return texts(
        key,
        field=code(_text(values, "field"), 64),
        value=code(_text(values, "value"), 64) or code("–"),
        expected=_expected(_text(values, "expected")),
    )


def _expected(text: str) -> Mrkdwn:
    """A limit as it is; of pydantic's `'a', 'b' or 'c'` the words, in every language alike."""
    words = _QUOTED.findall(text)
    return join(", ", (code(word, 40) for word in words[:NAMED])) if words else code(text, 40)


def _shown(values: Mapping[str, object], texts: Texts) -> dict[str, object]:
    """The values of a refusal as the sentences want them; a sentence takes the ones it names."""
    why = _text(values, "why")
    at = values.get("at")
    known = why if why in ("foreign", "deactivated", "bot", "guest") else "other"
    return {
        "id": _text(values, "id"),
        "word": code(_text(values, "word"), 64) or code("–"),
        "nearest": code(f"/queue {_text(values, 'nearest')}"),
        "needed": _role(values.get("needed"), texts),
        "has": _role(values.get("has"), texts),
        "why": texts(f"not-member-{known}"),
        "place": "shared" if why == "shared" else "other",
        "queue": code(_text(values, "queue"), 80) or code("–"),
        "action": _text(values, "action"),
        "command": code(_text(values, "action"), 40),
        "operation": _text(values, "operation"),
        "by": Person(_text(values, "by")),
        "at": texts.clock(at) if isinstance(at, datetime) else Mrkdwn("–"),
        "job": _text(values, "job"),
        "reason": named(_text(values, "reason"), 300),
        **{name: _count(values, name) for name in COUNTS},
    }


def _count(values: Mapping[str, object], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else 0


def _notes(refusal: Refusal, texts: Texts) -> list[Mrkdwn]:
    values = refusal.values
    match refusal.code:
        case "invalid" | "unknown-command":
            usage = code(_text(values, "usage"), 300)
            return [texts("refusal-usage", usage=usage)] if usage else []
        case "denied":
            return _listed("refusal-holders", _many(refusal, "holders"), texts)
        case "wrong-channel":
            return _listed("refusal-channels", _many(refusal, "channels"), texts)
        case "wrong-queue":
            queues = [code(name, 80) for name in _many(refusal, "queues")]
            return [texts("refusal-queues", queues=join(", ", queues[:NAMED]))] if queues else []
        case "queue-not-found":
            known = [code(name, 80) for name in _many(refusal, "queues")]
            return (
                [texts("refusal-known-queues", queues=join(", ", known[:NAMED]))] if known else []
            )
    return []


def _listed(key: str, ids: Sequence[object], texts: Texts) -> list[Mrkdwn]:
    """People, groups or channels by name, the first ten of them."""
    named = [_named(str(id_), texts) for id_ in ids]
    if not named:
        return [texts(f"{key}-none")]
    shown = join(", ", named[:NAMED])
    return [texts(key, names=shown, more=len(named) - len(named[:NAMED]))]


def _named(id_: str, texts: Texts) -> Mrkdwn:
    if id_ == "*":
        return texts("everyone")
    if id_.startswith("S"):
        return group(id_)
    return channel(id_) if id_[:1] in ("C", "G", "D") else mention(id_)


def _many(refusal: Refusal, name: str) -> Sequence[object]:
    value = refusal.values.get(name)
    return value if isinstance(value, tuple | list) else ()


def _role(value: object, texts: Texts) -> Mrkdwn:
    role = Role(value) if isinstance(value, int) and value in list(Role) else Role.NONE
    return texts(f"role-{role.word}")


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    return "" if value is None else str(value)[:300]
