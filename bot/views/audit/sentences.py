"""An audit record as one sentence: the person, the action and its jobs, or the refusal's reason."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.models.actions import counted_as
from bot.models.audit import AuditLine, Target
from bot.models.refusals import TooFrequent
from bot.models.requests import Person
from bot.models.roles import Role
from bot.text import Mrkdwn, code, cut, escape, join, named
from bot.views.context import Context
from bot.views.names import dots, from_wall_clock, queue_name
from bot.views.refusal import reason_words
from bot.views.subjects import bare_order, bare_tienda, subject, tienda, whose

TARGETS = 20
TYPED = 150
LONGEST = 900
"""The most characters in a part of a sentence; Fluent refuses values above 1,000 characters."""
ENDED = ("done", "cancelled", "stopped")
_INTERNAL = frozenset(
    {
        "of",
        "operation",
        "requested_by",
        "digest",
        "reserved_at",
        "plan",
        "typed",
        "until",
        "before_record",
    }
)
_BARE = ("ids", "id", "to", "what", "reason", "text")
"""The arguments that people type without the argument's name."""


def audit_sentence(line: AuditLine, ctx: Context, *, times: int = 1, queues: bool = True) -> Mrkdwn:
    """Return the record as a sentence. `times` is the number of equal refusals."""
    values = _values(line)
    who = Person(line.actor)
    if line.outcome in ENDED and isinstance(values.get("operation"), int):
        return _ended(line, values, ctx)
    if line.outcome == "started" and isinstance(values.get("plan"), int):
        what = join(", ", [_plan(line.action, values, ctx), *_options(values, ctx)])
        number = f"O{values['plan']}"
        return ctx.texts("audit-confirmed", who=who, operation=number, what=what)
    if line.outcome in ("requested", "expired") or _is_decision(line, values):
        return _approval(line, values, ctx)
    if line.action == "audit-verify":
        return _verified(line, values, ctx)
    if line.outcome == "ok":
        return _done(line, values, ctx, queues=queues)
    return _refused(line, values, ctx, times)


def _refused(line: AuditLine, values: Mapping[str, Any], ctx: Context, times: int) -> Mrkdwn:
    """Return who was refused, what and why; or the number of a person's refused requests."""
    who = Person(line.actor)
    if line.reason == TooFrequent.code and isinstance(values.get("count"), int):
        return ctx.texts("audit-folded", who=who, count=values["count"])
    tried = ctx.texts("audit-tried", who=who, command=typed(line, values))
    return join(": ", [tried, _outcome(line, times, ctx)])


def _is_decision(line: AuditLine, values: Mapping[str, Any]) -> bool:
    return line.outcome == "ok" and line.action in ("approve", "decline") and "of" in values


def _approval(line: AuditLine, values: Mapping[str, Any], ctx: Context) -> Mrkdwn:
    """Return who requested an approval, who approved or declined, or that the request expired."""
    action = str(values.get("of", line.action))
    word = line.action if line.outcome == "ok" else line.outcome
    return ctx.texts(
        f"audit-approval-{word}",
        who=Person(line.actor),
        by=Person(str(values.get("requested_by", line.actor))),
        operation=f"O{values.get('operation', values.get('plan', '–'))}",
        what=join(", ", [_plan(action, values, ctx), *_options(values, ctx)]),
    )


def _verified(line: AuditLine, values: Mapping[str, Any], ctx: Context) -> Mrkdwn:
    """Return the result of the daily verification: the number of links, or of faults."""
    name = "links" if line.outcome == "ok" else "faults"
    count = values[name] if isinstance(values.get(name), int) else 0
    return ctx.texts(f"audit-verified-{name}", count=count)


def typed(line: AuditLine, values: Mapping[str, Any]) -> Mrkdwn:
    """Return the command as a person types it."""
    return code(" ".join([line.action, *_words(values)]), TYPED)


def _values(line: AuditLine) -> Mapping[str, Any]:
    """Return the recorded arguments; arguments that are no JSON object become one text."""
    try:
        values = json.loads(line.arguments or "{}")
    except (ValueError, RecursionError):
        values = None
    return values if isinstance(values, dict) else {"text": line.arguments}


def _words(values: Mapping[str, Any]) -> list[str]:
    more = values.get("subjects")
    if isinstance(more, Mapping):
        values = {**{name: value for name, value in values.items() if name != "subjects"}, **more}
    bare = [_word(values[name]) for name in _BARE if values.get(name) is not None]
    others = sorted(values.keys() - _INTERNAL - set(_BARE))
    return [*bare, *(f"{name}={_word(values[name])}" for name in others)]


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _done(line: AuditLine, values: Mapping[str, Any], ctx: Context, *, queues: bool) -> Mrkdwn:
    """Return the action and its targets, or the command with its arguments."""
    texts, who = ctx.texts, Person(line.actor)
    targets = [_target(target, ctx, queues=queues) for target in line.targets[:TARGETS]]
    hidden = len(line.targets) - TARGETS
    targets += [texts("audit-more-targets", count=hidden)] if hidden > 0 else []
    what = cut(join(", ", targets), LONGEST) or code(" ".join(_words(values)), TYPED) or escape("–")
    key = f"audit-did-{line.action}"
    if values.get("into") == "no":
        key = f"{key}-ended"
    if texts.has(key):
        return texts(key, who=who, what=what)
    if targets:
        return texts("audit-did-to", who=who, command=code(line.action, 40), what=what)
    return texts("audit-did", who=who, command=typed(line, values))


def _target(target: Target, ctx: Context, *, queues: bool) -> Mrkdwn:
    row = ctx.texts(f"target-{target.kind}", id=str(target.id))
    of_job = whose(
        target.order_id, target.subjects, ctx, tienda_id=target.tienda_id, queue=target.queue
    )
    more = dots(
        of_job or tienda(target.tienda_id, ctx), *([queue_name(target.queue)] if queues else [])
    )
    return ctx.texts("audit-target", row=row, more=more) if more else row


def _plan(action: str, values: Mapping[str, Any], ctx: Context) -> Mrkdwn:
    """Return the action and the jobs of an operation: `retry 182 failed jobs of E4`."""
    count = values.get("total") if isinstance(values.get("total"), int) else 0
    how = counted_as(ctx.actions, action) or "other"
    return ctx.texts(
        f"audit-plan-{how}", count=count, scope=cut(join("", _scope(values, ctx)), LONGEST // 2)
    )


def _scope(values: Mapping[str, Any], ctx: Context) -> list[Mrkdwn]:
    texts, word = ctx.texts, {name: str(value) for name, value in values.items()}
    parts = []
    if "incident" in word:
        with_older = "with_older" in word
        incident = named(word["incident"], 40)
        parts.append(texts("audit-scope-incident", incident=incident, older=with_older))
    elif "error" in word:
        parts.append(texts("audit-scope-error", error=named(word["error"], 40)))
    if "queue" in word:
        parts.append(texts("scope-queue", queue=queue_name(word["queue"])))
    if "order" in word:
        parts.append(texts("scope-order", order=bare_order(word["order"], ctx) or escape("–")))
    if "tienda" in word:
        parts.append(texts("scope-tienda", tienda=bare_tienda(word["tienda"], ctx)))
    more = values.get("subjects")
    parts += [
        texts("scope-subject", subject=subject(str(name), str(value), ctx))
        for name, value in (more.items() if isinstance(more, Mapping) else ())
    ]
    times = (name for name in ("before", "after") if name in word)
    return [*parts, *(texts(f"scope-{name}", at=_wall_clock(word[name], ctx)) for name in times)]


def _wall_clock(text: str, ctx: Context) -> object:
    try:
        return from_wall_clock(datetime.fromisoformat(text), ctx)
    except (ValueError, OverflowError):
        return named(text, 40)


def _options(values: Mapping[str, Any], ctx: Context) -> list[Mrkdwn]:
    options = [
        ctx.texts(f"audit-with-{name}", count=values[name])
        for name in ("canary", "rate")
        if isinstance(values.get(name), int) and values[name]
    ]
    return [
        *options,
        *([ctx.texts("audit-without-copies")] if values.get("archive") == "no" else []),
    ]


def _ended(line: AuditLine, values: Mapping[str, Any], ctx: Context) -> Mrkdwn:
    done, total, skipped = (
        values[name] if isinstance(values.get(name), int) else 0
        for name in ("done", "total", "skipped")
    )
    how = counted_as(ctx.actions, line.action) or "other"
    moved = ctx.texts(f"audit-moved-{how}", done=done, total=total)
    lead = ctx.texts(
        f"audit-ended-{line.outcome}",
        operation=f"O{values['operation']}",
        who=Person(line.actor),
        what=moved,
    )
    more = [ctx.texts("audit-skipped", count=skipped)] if skipped else []
    why = (
        [reason_words(line.reason, ctx.texts)] if line.reason and line.outcome == "stopped" else []
    )
    return join(", ", [join(": ", [lead, *why]), *more])


def _outcome(line: AuditLine, times: int, ctx: Context) -> Mrkdwn:
    """Return why the request was not executed, and the number of such requests."""
    texts = ctx.texts
    if line.reason == "denied":
        why = _missing_role(line, ctx)
    elif line.reason is not None:
        why = reason_words(line.reason, texts)
    else:
        key = f"outcome-{line.outcome}"
        why = texts(key) if texts.has(key) else named(line.outcome)
    return texts("audit-times", outcome=why, count=times) if times > 1 else why


def _missing_role(line: AuditLine, ctx: Context) -> Mrkdwn:
    """Return the role that was needed and the person's role."""
    has = next((role for role in Role if role.word == line.role), Role.NONE)
    needed = ctx.roles.get(line.action, Role.VIEWER)
    if has >= needed:
        # An operator may run the command, but not on this many jobs or another person's operation.
        needed = Role.ADMIN
    role = ctx.texts(f"role-{has.word}")
    return ctx.texts(
        "audit-needs",
        needed=ctx.texts(f"role-{needed.word}"),
        has=role,
        any=has is not Role.NONE,
    )
