"""The warnings of a preview: what a person should read before confirming."""

from bot.models.duplicates import Duplicates, SubjectDuplicates
from bot.models.job_batches import ScopeBatches
from bot.models.operations import Preview
from bot.models.subjects import ORDER
from bot.text import Mrkdwn, code, join, named
from bot.views.context import Context
from bot.views.operations.change_freeze import frozen_preview
from bot.views.subjects import bare_subject


def warnings_of(preview: Preview, ctx: Context) -> list[Mrkdwn]:
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
        ctx.texts(key, count=count, name=name, values=_values(duplicates.name, values, ctx))
        for key, count, values in parts
        if count
    ]


def _values(name: str, values: tuple[str, ...], ctx: Context) -> Mrkdwn:
    return join(", ", [bare_subject(name, value, ctx) for value in values])


def _orders(orders: tuple[str, ...], ctx: Context) -> Mrkdwn:
    return _values(ORDER, orders, ctx)
