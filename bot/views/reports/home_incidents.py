"""The active incidents on App Home: the subject, owner and buttons of each incident."""

from collections.abc import Sequence

from bot.models.alert_rules import (
    BACKGROUND_PROBLEM,
    FAILED_COUNT,
    METRIC_RULES,
    NEW_FAILURES,
    STUCK_JOBS,
)
from bot.models.home import HomeIncident
from bot.models.operations import OPERATOR_ROWS
from bot.models.requests import Block, Moment
from bot.models.roles import Role
from bot.text import Mrkdwn, code, cut, escape, join
from bot.views.blocks import context_line, divider
from bot.views.buttons import Argument, menu, run_button
from bot.views.context import Context
from bot.views.incidents.mutes import owner_line
from bot.views.incidents.rule_texts import rule_lines
from bot.views.names import dots, queue_name
from bot.views.rows import row_blocks

NAME = 140
LINE = 420
MEANS = 3
"""The most lines below the title of an incident."""
COMMANDS: dict[str, str] = {
    STUCK_JOBS: "stuck",
    FAILED_COUNT: "errors",
    NEW_FAILURES: "error",
    BACKGROUND_PROBLEM: "watch",
}
"""The command that shows more about a rule. Rules that are not listed use `jobs`."""


def incident_blocks(incidents: Sequence[HomeIncident], count: int, ctx: Context) -> list[Block]:
    """Return a row per incident, unacknowledged incidents first, below a thin line.

    Each row has Retry group, Acknowledge and Details if the reader may run these commands.
    """
    if not count:
        return []
    blocks: list[Block] = []
    for incident in sorted(incidents, key=lambda incident: incident.acknowledged_by is not None):
        elements = _elements(incident, ctx)
        blocks += [
            divider(),
            *row_blocks(_row(incident, ctx), elements, f"incident:{incident.id}"),
        ]
    if count > len(incidents):
        more = ctx.texts("home-more-incidents", count=count - len(incidents))
        blocks.append(context_line(more))
    return blocks


def _row(incident: HomeIncident, ctx: Context) -> Mrkdwn:
    """Return the problem, its meaning, its start, and who acknowledged it."""
    texts = ctx.texts
    lead, *more = _summary_lines(incident, ctx)
    is_acknowledged = incident.acknowledged_by is not None and incident.acknowledged_at is not None
    key = "home-incident-known" if is_acknowledged else "home-incident"
    lines = [texts(key, id=f"I{incident.id}", what=lead), *more[:MEANS]]
    since = texts("home-since", at=Moment(incident.since))
    if incident.acknowledged_by is not None and incident.acknowledged_at is not None:
        by, at = incident.acknowledged_by, incident.acknowledged_at
        since = dots(since, owner_line(by, at, incident.assigned_by, ctx))
    return join("\n", [*(cut(line, LINE) for line in lines), since])


def _summary_lines(incident: HomeIncident, ctx: Context) -> list[Mrkdwn]:
    """Return the title line and the lines below it.

    A metric rule shows the lines of its alert. Other rules show the number of failures and the
    name of the error group.
    """
    texts = ctx.texts
    if incident.rule in METRIC_RULES and incident.value is not None:
        return rule_lines(
            incident.rule, incident.queue, incident.value, incident.peak, incident.facts, ctx
        )
    key = f"home-rule-{incident.rule}"
    what = texts(key) if texts.has(key) else code(incident.rule, 32)
    where = [] if incident.error is None else [escape(incident.error)]
    where += [] if incident.queue is None else [queue_name(incident.queue)]
    figures = texts("home-failures", count=incident.count, left=incident.left)
    return [dots(what, *where, figures), *([code(incident.group, NAME)] if incident.group else [])]


def _is_of_another(incident: HomeIncident, ctx: Context) -> bool:
    return incident.acknowledged_by not in (None, ctx.actor.user)


def _elements(incident: HomeIncident, ctx: Context) -> list[Block]:
    texts = ctx.texts
    elements: list[Block] = []
    few = ctx.role >= Role.ADMIN or incident.left <= OPERATOR_ROWS
    if incident.error is not None and incident.left and few and "retry" in ctx.runnable:
        label = texts.plain("button-retry-group")
        args: dict[str, Argument] = {"incident": incident.id}
        spoken = texts.plain(
            "spoken-incident-retry", error=incident.error, incident=f"I{incident.id}"
        )
        elements.append(run_button("retry", label, args, texts, style="primary", spoken=spoken))
    if incident.acknowledged_by is None and "acknowledge" in ctx.runnable:
        label = texts.plain("home-acknowledge")
        elements.append(run_button("acknowledge", label, {"id": f"I{incident.id}"}, texts))
    if _is_of_another(incident, ctx) and "assign" in ctx.runnable:
        label = texts.plain("button-take-over")
        elements.append(run_button("assign", label, {"id": f"I{incident.id}"}, texts))
    command = COMMANDS.get(incident.rule, "jobs")
    if command in ctx.runnable and (command != "error" or incident.error is not None):
        arguments: dict[str, Argument] = (
            {"error": incident.error} if command == "error" and incident.error is not None else {}
        )
        label = texts.plain("button-details")
        spoken = texts.plain("spoken-incident-details", incident=f"I{incident.id}")
        # A row has at most two buttons, like an alert.
        many = len(elements) > 1
        elements.append(
            menu([(command, label, arguments)])
            if many
            else run_button(command, label, arguments, texts, spoken=spoken)
        )
    return elements
