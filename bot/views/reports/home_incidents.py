"""The open incidents on App Home: what each is about, whose it is, and what can be done."""

from collections.abc import Sequence

from bot.models.alert_rules import CONDITIONS
from bot.models.home import OpenIncident
from bot.models.operations import OPERATOR_ROWS
from bot.models.requests import Block, Moment, Person, Role
from bot.text import Mrkdwn, code, cut, escape, join
from bot.views.blocks import context_line
from bot.views.buttons import menu, run_button
from bot.views.context import Context
from bot.views.incidents.rule_texts import condition_lines
from bot.views.names import dots, queue_name
from bot.views.rows import row_blocks

NAME = 140
LINE = 420
MEANS = 3
"""Lines below the title."""
LOOKS = {"reserved": "stuck", "failed": "errors", "group": "error"}
"""Which command shows more of a kind; the others' jobs."""


def incident_blocks(incidents: Sequence[OpenIncident], count: int, ctx: Context) -> list[Block]:
    """An incident a row, those first that nobody has acknowledged.

    With Retry group, Acknowledge and Details, as far as the reader may.
    """
    if not count:
        return []
    blocks: list[Block] = []
    for one in sorted(incidents, key=lambda one: one.acknowledged_by is not None):
        blocks += row_blocks(_row(one, ctx), _elements(one, ctx), f"incident:{one.id}")
    if count > len(incidents):
        more = ctx.texts("home-more-incidents", count=count - len(incidents))
        blocks.append(context_line(more))
    return blocks


def _row(one: OpenIncident, ctx: Context) -> Mrkdwn:
    """What is wrong, what it means, since when; by whom it was acknowledged."""
    texts = ctx.texts
    lead, *more = _told(one, ctx)
    known = one.acknowledged_by is not None and one.acknowledged_at is not None
    key = "home-incident-known" if known else "home-incident"
    lines = [texts(key, id=f"I{one.id}", what=lead), *more[:MEANS]]
    since = texts("home-since", at=Moment(one.opened_at))
    if one.acknowledged_by is not None and one.acknowledged_at is not None:
        by, at = Person(one.acknowledged_by), Moment(one.acknowledged_at)
        since = dots(since, texts("home-acknowledged", by=by, at=at))
    return join("\n", [*(cut(line, LINE) for line in lines), since])


def _told(one: OpenIncident, ctx: Context) -> list[Mrkdwn]:
    """The title, and what else is known: of a figure as its message says it, else of failures."""
    texts = ctx.texts
    if one.kind in CONDITIONS and one.value is not None:
        return condition_lines(one.kind, one.queue, one.value, one.worst, one.facts, ctx)
    key = f"home-kind-{one.kind}"
    what = texts(key) if texts.has(key) else code(one.kind, 32)
    where = [] if one.error is None else [escape(one.error)]
    where += [] if one.queue is None else [queue_name(one.queue)]
    figures = texts("home-failures", count=one.count, left=one.left)
    return [dots(what, *where, figures), *([code(one.group, NAME)] if one.group else [])]


def _elements(one: OpenIncident, ctx: Context) -> list[Block]:
    texts = ctx.texts
    found: list[Block] = []
    few = ctx.role >= Role.ADMIN or one.left <= OPERATOR_ROWS
    if one.error is not None and one.left and few and "retry" in ctx.runnable:
        label = texts.plain("button-retry-group")
        found.append(run_button("retry", label, {"error": one.error}, style="primary"))
    if one.acknowledged_by is None and "acknowledge" in ctx.runnable:
        label = texts.plain("home-acknowledge")
        found.append(run_button("acknowledge", label, {"id": f"I{one.id}"}))
    look = LOOKS.get(one.kind, "jobs")
    if look in ctx.runnable and (look != "error" or one.error is not None):
        given = {"error": one.error} if look == "error" and one.error is not None else {}
        label = texts.plain("button-details")
        # Of a row no more than two buttons, as on an alert.
        many = len(found) > 1
        found.append(menu([(look, label, given)]) if many else run_button(look, label, given))
    return found
