"""The preview of an operation before confirmation: scope, size and rate."""

from collections.abc import Callable, Mapping

from bot.models.actions import CountsAs, counted_as
from bot.models.operations import Preview, Share
from bot.models.requests import Block, Message, Modal
from bot.text import Mrkdwn, code, escape, join
from bot.views.blocks import (
    context_line,
    divider,
    fields,
    message,
    section,
    sections,
    select_input,
    text_input,
)
from bot.views.buttons import VERSION
from bot.views.context import Context
from bot.views.names import age, dots, from_wall_clock, job_class, queue_name, size
from bot.views.operations.preview_warnings import warnings_of
from bot.views.operations.scope import scope_words
from bot.views.subjects import tienda, whose

QUEUES = 10
# docs.slack.dev/reference/views/modal-views
SUBMIT = 24
RATES = (0, 10, 60, 300, 600)
"""The rates that the dialog offers (jobs a minute), in addition to the requested rate."""
CANARIES = (0, 1, 3, 10)
_KINDS: Mapping[CountsAs | None, str] = {
    "retried": "retry-all",
    "deleted": "clear-failed",
    "undone": "undo",
}


def kind(action: str, ctx: Context) -> str:
    """Return the ending of an action's catalog keys. Actions that count alike share the ending."""
    return _KINDS[counted_as(ctx.actions, action)]


def preview_dialog(preview: Preview, ctx: Context) -> Modal:
    """Return the preview with its options. Before a deletion, the person has to type the count."""
    texts = ctx.texts
    blocks = [section(_lead(preview, ctx))]
    blocks.append(fields([join("\n", pair) for pair in _facts(preview, ctx)]))
    blocks += [*sections(_shares(preview, ctx), limit=2_900), divider()]
    blocks += sections(warnings_of(preview, ctx))
    blocks += [context_line(note) for note in _notes(preview, ctx)]
    action = ctx.actions[preview.action]
    if action.asks_for_count:
        count = str(preview.total)
        label = texts.plain("bulk-type-count", count=count)
        blocks.append(text_input("typed", label, texts.plain("bulk-type-hint"), 20))
    elif action.counts_as == "retried":
        blocks += _older(preview, ctx)
        blocks += _choices(preview, ctx) if preview.total > 1 else []
    own = texts.has(f"bulk-title-{preview.action}")
    name = preview.action if own else kind(preview.action, ctx)
    return Modal(
        title=texts.plain(f"bulk-title-{name}"),
        blocks=tuple(blocks),
        close=texts.plain("button-cancel"),
        submit=_submit_label(name, preview, ctx),
        metadata={
            "v": VERSION,
            "command": preview.action,
            "plan": preview.plan,
            "channel": ctx.here,
        },
    )


def _submit_label(name: str, preview: Preview, ctx: Context) -> str:
    """Return the button's label, as detailed as Slack's limit of characters allows."""
    if preview.older is not None:
        return ctx.texts.plain("bulk-submit-chosen")
    values = {"count": preview.total, "days": ctx.archive_days}
    label = ctx.texts.plain(f"bulk-submit-{name}-long", **values)
    can_undo = preview.archive or counted_as(ctx.actions, preview.action) != "deleted"
    if can_undo and len(label) <= SUBMIT:
        return label
    return ctx.texts.plain(f"bulk-submit-{name}", **values)


def preview_message(preview: Preview, ctx: Context) -> Message:
    """Return the preview for a terminal."""
    facts = [join(" ", pair) for pair in _facts(preview, ctx)]
    more = [*warnings_of(preview, ctx), *_notes(preview, ctx)]
    return message([_lead(preview, ctx), *facts, *_shares(preview, ctx), *more], ())


def _older(preview: Preview, ctx: Context) -> list[Block]:
    """Return the choice to include failures that are older than the incident, or not."""
    texts, older = ctx.texts, preview.older
    if older is None:
        return []
    plans = [
        (str(preview.plan), texts.plain("bulk-older-without", count=preview.total)),
        (str(older.plan), texts.plain("bulk-older-with", count=preview.total + older.count)),
    ]
    return [select_input("plan", texts.plain("bulk-older"), plans, str(preview.plan))]


def _choices(preview: Preview, ctx: Context) -> list[Block]:
    """Return the fields for the rate and the canary."""
    texts = ctx.texts
    rates = [(str(rate), _rate(rate, ctx)) for rate in sorted({*RATES, preview.rate or 0})]
    canaries = [
        (str(count), texts.plain("bulk-canary-option", **_canary(count, preview)))
        for count in sorted({*CANARIES, preview.canary or 0})
        if count < preview.total or count == preview.canary
    ]
    canary = str(preview.canary or 0)
    return [
        select_input("rate", texts.plain("bulk-rate"), rates, str(preview.rate or 0)),
        select_input("canary", texts.plain("bulk-canary"), canaries, canary),
    ]


def _canary(count: int, preview: Preview) -> dict[str, str | int]:
    """Return the values of a canary of `count` jobs, and the error groups of these jobs."""
    errors = len(preview.error_groups) + preview.other_groups
    source = "one" if errors == 1 else "each" if count >= errors else "largest"
    return {"count": count, "errors": errors, "source": source}


def _rate(rate: int, ctx: Context) -> str:
    return ctx.texts.plain("bulk-rate-option", count=rate)


def _lead(preview: Preview, ctx: Context) -> Mrkdwn:
    key, scope = f"bulk-lead-{kind(preview.action, ctx)}", join("", scope_words(preview.scope, ctx))
    return ctx.texts(key, count=preview.total, scope=scope)


def _facts(preview: Preview, ctx: Context) -> list[tuple[Mrkdwn, Mrkdwn]]:
    texts = ctx.texts
    oldest = from_wall_clock(preview.oldest, ctx)
    newest = from_wall_clock(preview.newest, ctx)
    return [
        (texts("label-count"), escape(texts.number(preview.total))),
        (texts("label-size"), escape(size(preview.bytes, texts))),
        (texts("label-oldest"), texts("at", at=oldest)),
        (texts("label-newest"), texts("at", at=newest)),
    ]


def _shares(preview: Preview, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    hidden = len(preview.queues) - QUEUES
    lines = [texts("label-by-queue"), *_counted(preview.queues[:QUEUES], queue_name, ctx)]
    lines += [texts("bulk-more-queues", count=hidden)] if hidden > 0 else []
    lines += [texts("label-by-error"), *_counted(preview.error_groups, _error, ctx)]
    if preview.other_groups > 0:
        lines.append(texts("bulk-more-groups", count=preview.other_groups))
    if preview.samples:
        lines += [texts("label-samples"), *_samples(preview, ctx)]
    return lines


def _samples(preview: Preview, ctx: Context) -> list[Mrkdwn]:
    return [
        dots(
            escape(f"#{sample.failed_id}"),
            job_class(sample.job_class, ctx),
            whose(sample.order_id, sample.subjects, ctx) or tienda(sample.tienda_id, ctx),
        )
        for sample in preview.samples
    ]


def _error(group: str) -> Mrkdwn:
    return code(group, 140)


def _counted(
    shares: tuple[Share, ...], name: Callable[[str], Mrkdwn], ctx: Context
) -> list[Mrkdwn]:
    return [ctx.texts("bulk-share", count=share.count, name=name(share.name)) for share in shares]


def _notes(preview: Preview, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    notes, counts_as = [texts("bulk-note-frozen")], counted_as(ctx.actions, preview.action)
    is_load = counts_as != "retried" or preview.total > 1
    if is_load and (preview.archive or counts_as != "deleted"):
        key = f"bulk-note-{kind(preview.action, ctx)}"
        notes = [texts(key, days=ctx.archive_days), *notes]
    own = f"bulk-note-{preview.layout}"
    if counts_as == "retried" and texts.has(own):
        notes.append(texts(own))
    if preview.rate:
        spread = age(preview.total * 60 // preview.rate, texts)
        notes.append(texts("bulk-note-rate", count=preview.rate, age=spread))
    if preview.canary and preview.total > 1:
        notes.append(texts("bulk-note-canary", **_canary(preview.canary, preview)))
    return notes
