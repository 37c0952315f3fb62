"""The words for the scope of an operation."""

from bot.models.operations import Scope
from bot.text import Mrkdwn, code
from bot.views.context import Context
from bot.views.names import from_wall_clock, queue_name
from bot.views.subjects import bare_order, bare_tienda, subject


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
        parts.append(texts("scope-tienda", tienda=bare_tienda(scope.tienda_id, ctx)))
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
