"""Refusals: why a request was refused, in one sentence, with a remedy."""

from collections.abc import Sequence

from bot.models.actions import Actions
from bot.models.jobs import SkippedRow
from bot.models.refusals import (
    Busy,
    DatabaseDown,
    Denied,
    FailedJobNotFound,
    Invalid,
    NotAllowed,
    NothingToDo,
    OutcomeUnknown,
    QueueNotFound,
    ReadOnly,
    Refusal,
    UnknownCommand,
    WrongChannel,
    WrongQueue,
)
from bot.models.requests import Message
from bot.text import Mrkdwn, Texts, channel, code, group, join, mention, readable
from bot.views.blocks import context_line, message, section, sections
from bot.views.context import Context
from bot.views.refusal_sentences import LONGEST, NAMED, sentence_of, skipped_sentence

_NOTE = "\N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16}"


def refusal_message(refusal: Refusal, ctx: Context) -> Message:
    """Return the sentence with its remedy: usage, people with the role, or allowed channels."""
    texts = ctx.texts
    sentence = sentence_of(refusal, texts, ctx.actions)
    key = "refusal-question" if sentence.endswith("?") else "refusal-lead"
    lead = texts(key, mark=_mark(refusal), sentence=sentence)
    skipped = refusal.skipped if isinstance(refusal, NothingToDo) else ()
    lines = [lead, *skipped_lines(skipped, ctx)]
    notes = _notes(refusal, texts)
    blocks = [*sections(lines), *(context_line(note) for note in notes)]
    return message([*lines, *notes], blocks)


def refusal_sentence(refusal: Refusal, texts: Texts, actions: Actions) -> str:
    """Return the sentence alone, as plain text for the terminal, JSON and the audit log."""
    return readable(sentence_of(refusal, texts, actions))


def bug_message(bug_id: str, texts: Texts, *, nothing_changed: bool) -> Message:
    """Return that an error happened, its log id, and whether anything was changed."""
    sentence = texts("bug", bug=code(bug_id), nothing_changed=nothing_changed)
    return message([sentence], [section(sentence)])


def skipped_lines(skipped: Sequence[SkippedRow], ctx: Context) -> list[Mrkdwn]:
    """Return a line per skipped row: the reason, and by whom and when it was changed before."""
    lines = []
    for row in skipped:
        sentence = skipped_sentence(row, ctx.texts, ctx.actions)
        lines.append(ctx.texts("skipped-row", sentence=sentence))
    return lines


def reason_words(code_: str, texts: Texts) -> Mrkdwn:
    """Return a refusal's code in a few words; a reason that is no code stays as written."""
    key = f"reason-{code_}"
    return texts(key) if texts.has(key) else code(code_, 200)


def _mark(refusal: Refusal) -> str:
    match refusal:
        case NotAllowed():
            return "⛔"
        case Busy() | DatabaseDown() | OutcomeUnknown() | ReadOnly():
            return "⚠️"
    return _NOTE


def _notes(refusal: Refusal, texts: Texts) -> list[Mrkdwn]:
    match refusal:
        case Invalid() | UnknownCommand():
            usage = code(refusal.usage[:LONGEST], LONGEST)
            return [texts("refusal-usage", usage=usage)] if usage else []
        case FailedJobNotFound(by=None):
            command = code(f"/queue retry order={refusal.id}")
            return [texts("refusal-maybe-order", command=command)]
        case Denied():
            return _listed("refusal-holders", refusal.holders, texts)
        case WrongChannel():
            return _listed("refusal-channels", refusal.channels, texts)
        case WrongQueue() | QueueNotFound():
            known = isinstance(refusal, QueueNotFound)
            key = "refusal-known-queues" if known else "refusal-queues"
            return _queues(key, refusal.queues, texts)
    return []


def _queues(key: str, queues: Sequence[str], texts: Texts) -> list[Mrkdwn]:
    names = [code(queue, 80) for queue in queues[:NAMED]]
    return [texts(key, queues=join(", ", names))] if names else []


def _listed(key: str, ids: Sequence[str], texts: Texts) -> list[Mrkdwn]:
    """Return people, groups or channels by name, the first ten of them."""
    named = [_named(id_, texts) for id_ in ids]
    if not named:
        return [texts(f"{key}-none")]
    first = join(", ", named[:NAMED])
    return [texts(key, names=first, more=len(named) - len(named[:NAMED]))]


def _named(id_: str, texts: Texts) -> Mrkdwn:
    if id_ == "*":
        return texts("everyone")
    if id_.startswith("S"):
        return group(id_)
    return channel(id_) if id_[:1] in ("C", "G", "D") else mention(id_)
