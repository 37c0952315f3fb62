"""Views of refusals: one sentence about the reason, with a remedy."""

from collections.abc import Sequence

from bot.models.actions import Actions
from bot.models.job_changes import SkippedRow
from bot.models.refusals import (
    AuditKeyMissing,
    Busy,
    DatabaseDown,
    Denied,
    FailedJobNotFound,
    Invalid,
    JobNotFound,
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
from bot.models.roles import Role
from bot.models.subjects import ORDER
from bot.text import Mrkdwn, Plain, Texts, channel, code, group, join, mention, readable
from bot.views.blocks import context_line, message, section, sections
from bot.views.context import Context
from bot.views.refusal_sentences import sentence_of, skipped_sentence
from bot.views.refusal_values import LONGEST, NAMED
from bot.views.subjects import subject

_NOTE = "\N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16}"


def refusal_message(refusal: Refusal, ctx: Context) -> Message:
    """Return the sentence with its remedy: usage, people with the role, or allowed channels."""
    texts = ctx.texts
    sentence = sentence_of(refusal, texts, ctx.actions)
    key = "refusal-question" if sentence.endswith("?") else "refusal-lead"
    lead = texts(key, mark=Plain(_mark(refusal)), sentence=sentence)
    skipped = refusal.skipped if isinstance(refusal, NothingToDo) else ()
    lines = [lead, *skipped_lines(skipped, ctx)]
    notes = _notes(refusal, ctx)
    blocks = [*sections(lines), *(context_line(note) for note in notes)]
    return message([*lines, *notes], blocks)


def refusal_sentence(refusal: Refusal, texts: Texts, actions: Actions) -> str:
    """Return the sentence alone, as plain text for the terminal, JSON and the audit log."""
    return readable(sentence_of(refusal, texts, actions))


def bug_message(bug_id: str, texts: Texts, *, nothing_changed: bool) -> Message:
    """Return the message about an error: its id in the log, and whether anything was changed."""
    sentence = texts("bug", bug=code(bug_id), nothing_changed=nothing_changed)
    return message([sentence], [section(sentence)])


def skipped_lines(skipped: Sequence[SkippedRow], ctx: Context) -> list[Mrkdwn]:
    """Return a line per skipped row: the reason, and the person and time of an earlier change."""
    lines = []
    for row in skipped:
        sentence = skipped_sentence(row, ctx.texts, ctx.actions)
        lines.append(ctx.texts("skipped-row", sentence=sentence))
    return lines


def reason_words(code_: str, texts: Texts) -> Mrkdwn:
    """Return the meaning of a refusal's code in a few words. Text that is no code is unchanged."""
    key = f"reason-{code_}"
    return texts(key) if texts.has(key) else code(code_, 200)


def _mark(refusal: Refusal) -> str:
    match refusal:
        case NotAllowed():
            return "⛔"
        case AuditKeyMissing() | Busy() | DatabaseDown() | OutcomeUnknown() | ReadOnly():
            return "⚠️"
    return _NOTE


def _notes(refusal: Refusal, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    match refusal:
        case Invalid() | UnknownCommand():
            usage = code(texts.typed(refusal.usage)[:LONGEST], LONGEST)
            return [texts("refusal-usage", usage=usage)] if refusal.usage else []
        case FailedJobNotFound() | JobNotFound():
            return _maybe_order(refusal, ctx)
        case Denied():
            return _whom_to_ask(refusal, ctx)
        case WrongChannel():
            return _listed("refusal-channels", refusal.channels, texts)
        case WrongQueue() | QueueNotFound():
            return _queue_notes(refusal, texts)
    return []


def _maybe_order(refusal: FailedJobNotFound | JobNotFound, ctx: Context) -> list[Mrkdwn]:
    """Return the command that the person probably meant, if no record of the id exists."""
    if refusal.by is not None:
        return []
    is_order = isinstance(refusal, FailedJobNotFound) and refusal.is_order
    name = ctx.subjects[0] if ctx.subjects else ORDER
    verb = f"retry {name}=" if is_order and "retry" in ctx.runnable else "find "
    command = code(ctx.texts.typed(f"{verb}{refusal.id}"))
    if name == ORDER:
        return [ctx.texts("refusal-maybe-order", command=command)]
    of_subject = subject(name, refusal.id, ctx)
    return [ctx.texts("refusal-maybe-subject", subject=of_subject, command=command)]


def _queue_notes(refusal: WrongQueue | QueueNotFound, texts: Texts) -> list[Mrkdwn]:
    if isinstance(refusal, WrongQueue):
        return _queues("refusal-queues", refusal.queues, texts)
    known = _queues("refusal-known-queues", refusal.queues, texts)
    if refusal.nearest is None:
        return known
    return [texts("refusal-nearest-queue", queue=code(refusal.nearest, 80)), *known]


def _whom_to_ask(refusal: Denied, ctx: Context) -> list[Mrkdwn]:
    """Return who may run the command and who can give the role.

    A person who needs the role viewer sees only the people who can give the role.
    """
    role = ctx.texts(f"role-{refusal.needed.word}")
    # If the role admin is needed, its holders are the admins, so the answer names them only once.
    ask = whom_to_ask(ctx, role) if refusal.needed < Role.ADMIN else []
    if refusal.needed is Role.VIEWER and ask:
        return ask
    return [*_listed("refusal-holders", refusal.holders, ctx.texts), *ask]


def whom_to_ask(ctx: Context, role: Mrkdwn) -> list[Mrkdwn]:
    """Return the admins, who can give a role, or nothing if the settings name no admins."""
    return _listed("refusal-ask", ctx.admins, ctx.texts, role=role) if ctx.admins else []


def _queues(key: str, queues: Sequence[str], texts: Texts) -> list[Mrkdwn]:
    names = [code(queue, 80) for queue in queues[:NAMED]]
    return [texts(key, queues=join(", ", names))] if names else []


def _listed(key: str, ids: Sequence[str], texts: Texts, **values: Mrkdwn) -> list[Mrkdwn]:
    """Return the first ten people, groups or channels by name."""
    named = [_named(id_, texts) for id_ in ids]
    if not named:
        return [texts(f"{key}-none")]
    first = join(", ", named[:NAMED])
    return [texts(key, names=first, more=len(named) - len(named[:NAMED]), **values)]


def _named(id_: str, texts: Texts) -> Mrkdwn:
    if id_ == "*":
        return texts("everyone")
    if id_.startswith("S"):
        return group(id_)
    return channel(id_) if id_[:1] in ("C", "G", "D") else mention(id_)
