"""The open incidents on App Home: what each is about, whose it is, and what can be done."""

from collections.abc import Sequence

from bot.ledger.home_model import OpenIncident
from bot.ledger.model import OPERATOR_ROWS
from bot.model import Block, Moment, Person, Role
from bot.text import Mrkdwn, code, cut, join
from bot.views.blocks import context_line
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.names import age, dots, queue_name
from bot.views.rows import row_blocks

NAME = 140
ROW = 600
AGES = ("oldest", "reserved", "silent")
"""Kinds whose figure is in seconds; the others count jobs."""
LOOKS = {"reserved": "stuck", "failed": "errors", "group": "error"}
"""Which command shows more of a kind; the others' jobs."""


def incident_blocks(incidents: Sequence[OpenIncident], count: int, ctx: Context) -> list[Block]:
    """An incident a row, with Retry group, Acknowledge and Details as far as the reader may."""
    if not count:
        return []
    blocks: list[Block] = []
    for one in incidents:
        blocks += row_blocks(_row(one, ctx), _elements(one, ctx), f"incident:{one.id}")
    if count > len(incidents):
        more = ctx.texts("home-more-incidents", count=count - len(incidents))
        blocks.append(context_line(more))
    return blocks


def _row(one: OpenIncident, ctx: Context) -> Mrkdwn:
    """What is wrong and since when; the figure; by whom it was acknowledged."""
    texts = ctx.texts
    key = "home-incident" if one.acknowledged_by is None else "home-incident-known"
    lead = dots(texts(key, id=f"I{one.id}", what=_what(one, ctx)), _where(one))
    facts = [texts("home-since", at=Moment(one.opened_at)), *_figures(one, ctx)]
    lines = [cut(lead, ROW)]
    if one.group:
        lines.append(cut(code(one.group, NAME), NAME + 20))
    lines.append(dots(*facts))
    if one.acknowledged_by is not None and one.acknowledged_at is not None:
        by, at = Person(one.acknowledged_by), Moment(one.acknowledged_at)
        lines.append(texts("home-acknowledged", by=by, at=at))
    return join("\n", lines)


def _what(one: OpenIncident, ctx: Context) -> Mrkdwn:
    key = f"home-kind-{one.kind}"
    return ctx.texts(key) if ctx.texts.has(key) else code(one.kind, 32)


def _where(one: OpenIncident) -> Mrkdwn:
    named = [] if one.error is None else [code(one.error)]
    return dots(*named, *([] if one.queue is None else [queue_name(one.queue)]))


def _figures(one: OpenIncident, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    if one.count:
        return [texts("home-failures", count=one.count, left=one.left)]
    if one.value is None:
        return []
    if one.kind in AGES:
        return [texts("home-for", age=age(one.value, texts))]
    return [texts("home-jobs", count=one.value)]


def _elements(one: OpenIncident, ctx: Context) -> list[Block]:
    texts = ctx.texts
    found: list[Block] = []
    few = ctx.role >= Role.ADMIN or one.left <= OPERATOR_ROWS
    if one.error is not None and one.left and few and "retry" in ctx.runnable:
        label = texts.plain("button-retry-group")
        found.append(run_button("retry", label, {"error": one.error}, style="primary"))
    if one.acknowledged_by is None and "acknowledge" in ctx.runnable:
        label = texts.plain("home-acknowledge")
        found.append(run_button("acknowledge", label, {"incident": f"I{one.id}"}))
    look = LOOKS.get(one.kind, "jobs")
    if look in ctx.runnable and (look != "error" or one.error is not None):
        given = {"error": one.error} if look == "error" and one.error is not None else {}
        found.append(run_button(look, texts.plain("button-details"), given))
    return found
