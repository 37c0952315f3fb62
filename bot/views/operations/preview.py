"""The preview of an operation before confirmation: scope, size and rate."""

from collections.abc import Callable, Mapping

from bot.models.actions import CountsAs, counted_as
from bot.models.duplicates import Duplicates, SubjectDuplicates
from bot.models.job_batches import ScopeBatches
from bot.models.operations import Preview, Scope, Share
from bot.models.requests import Block, Message, Modal
from bot.text import Mrkdwn, code, escape, join, named
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
from bot.views.names import (
    age,
    bare_order,
    dots,
    from_wall_clock,
    job_class,
    order,
    queue_name,
    size,
    subject,
)
from bot.views.operations.change_freeze import frozen_preview

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
    blocks += sections(_warnings(preview, ctx))
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
    more = [*_warnings(preview, ctx), *_notes(preview, ctx)]
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


def scope_words(scope: Scope, ctx: Context) -> list[Mrkdwn]:
    """Return the filters of a scope, each with a leading space: ` in netsuite`."""
    texts = ctx.texts
    parts = []
    if scope.queue is not None:
        parts.append(texts("scope-queue", queue=queue_name(scope.queue)))
    if scope.incident is not None:
        parts.append(texts("scope-incident", incident=f"I{scope.incident}"))
    elif scope.error_group is not None:
        parts.append(texts("scope-error", error=code(f"E{scope.error_group}")))
    if scope.order_id is not None:
        parts.append(texts("scope-order", order=bare_order(scope.order_id, ctx)))
    if scope.tienda_id is not None:
        parts.append(texts("scope-tienda", tienda=code(scope.tienda_id)))
    parts += [
        texts("scope-subject", subject=subject(name, value, ctx))
        for name, value in scope.subjects.items()
    ]
    parts += _span(scope, ctx)
    if scope.limit is not None:
        parts.append(texts("scope-limit", count=scope.limit))
    if scope.undo is not None:
        parts.append(texts("scope-undo", operation=str(scope.undo)))
    return parts


def _lead(preview: Preview, ctx: Context) -> Mrkdwn:
    key, scope = f"bulk-lead-{kind(preview.action, ctx)}", join("", scope_words(preview.scope, ctx))
    return ctx.texts(key, count=preview.total, scope=scope)


def _span(scope: Scope, ctx: Context) -> list[Mrkdwn]:
    """Return the period of the failures, if the request has a period."""
    after, before = (
        None if at is None else from_wall_clock(at, ctx)
        for at in (scope.failed_after, scope.failed_before)
    )
    if after is not None and before is not None:
        return [ctx.texts("scope-between", **{"from": after, "at": before})]
    if after is not None:
        return [ctx.texts("scope-after", at=after)]
    return [] if before is None else [ctx.texts("scope-before", at=before)]


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
            order(sample.order_id, ctx),
        )
        for sample in preview.samples
    ]


def _error(group: str) -> Mrkdwn:
    return code(group, 140)


def _counted(
    shares: tuple[Share, ...], name: Callable[[str], Mrkdwn], ctx: Context
) -> list[Mrkdwn]:
    return [ctx.texts("bulk-share", count=share.count, name=name(share.name)) for share in shares]


def _warnings(preview: Preview, ctx: Context) -> list[Mrkdwn]:
    """Return the warnings that the person should read before confirming."""
    lines = [] if preview.freeze is None else [frozen_preview(preview.freeze, ctx)]
    if preview.older is not None:
        lines.append(ctx.texts("bulk-older-count", count=preview.older.count))
    if preview.indexing:
        lines.append(ctx.texts("bulk-indexing"))
    if (missing := len(preview.scope.ids) - preview.total) > 0 and preview.scope.limit is None:
        lines.append(ctx.texts("bulk-ids-missing", count=missing))
    if preview.duplicates is not None:
        lines += _duplicates(preview.duplicates, ctx)
    if preview.batches is not None:
        lines += _batches(preview.batches, ctx)
    if preview.children:
        tables = join(", ", [code(table) for table in preview.children])
        lines.append(ctx.texts("bulk-children", tables=tables))
    if not preview.archive:
        lines.append(ctx.texts("bulk-final"))
    return lines


def _batches(batches: ScopeBatches, ctx: Context) -> list[Mrkdwn]:
    if batches.cancelled is None or batches.unfinished is None:
        return [ctx.texts("bulk-batches-unknown")]
    counts = {"cancelled": batches.cancelled, "unfinished": batches.unfinished}
    return [ctx.texts(f"bulk-batch-{name}", count=count) for name, count in counts.items() if count]


def _duplicates(duplicates: Duplicates, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    lines = []
    if duplicates.queued:
        orders = _orders(duplicates.queued_orders, ctx)
        lines.append(texts("bulk-queued", count=duplicates.queued, orders=orders))
    if duplicates.processed_later:
        orders = _orders(duplicates.processed_orders, ctx)
        lines.append(texts("bulk-processed-later", count=duplicates.processed_later, orders=orders))
    for further in duplicates.subjects:
        lines += _of_subject(further, ctx)
    if duplicates.identical:
        lines.append(texts("bulk-identical", count=duplicates.identical))
    if duplicates.bounded:
        lines.append(texts("bulk-duplicates-bounded"))
    return lines


def _of_subject(duplicates: SubjectDuplicates, ctx: Context) -> list[Mrkdwn]:
    parts = (
        ("bulk-queued-subject", duplicates.queued, duplicates.queued_values),
        ("bulk-processed-later-subject", duplicates.processed_later, duplicates.processed_values),
    )
    name = named(duplicates.name)
    return [
        ctx.texts(key, count=count, name=name, values=join(", ", map(named, values)))
        for key, count, values in parts
        if count
    ]


def _orders(orders: tuple[str, ...], ctx: Context) -> Mrkdwn:
    return join(", ", [bare_order(order, ctx) for order in orders])


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
