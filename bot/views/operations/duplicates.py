"""The warnings of a preview about jobs whose retry may repeat work."""

from bot.models.duplicates import Duplicates, SubjectDuplicates
from bot.models.subjects import ORDER
from bot.text import Mrkdwn, join, named
from bot.views.context import Context
from bot.views.subjects import bare_subject


def duplicate_warnings(duplicates: Duplicates, ctx: Context) -> list[Mrkdwn]:
    """Return the warnings about jobs whose retry may repeat work."""
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
