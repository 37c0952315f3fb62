"""The alerts of metric rules: a value crosses its limit and later recovers."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.models.alert_rules import (
    BACKGROUND_PROBLEM,
    BACKLOG_GROWTH,
    FAILED_COUNT,
    NO_WORKER_ACTIVITY,
    OLDEST_JOB,
    STUCK_JOBS,
)
from bot.models.requests import Block, Message
from bot.models.value import Value
from bot.text import Mrkdwn, join
from bot.views.blocks import actions, context_line, message, section
from bot.views.buttons import Argument, run_button
from bot.views.context import Context
from bot.views.incidents.alert_parts import (
    IncidentView,
    ending_line,
    incident_menu,
    notes,
    short_id,
)
from bot.views.incidents.rule_texts import rule_lines
from bot.views.names import LONGEST_NAME, age
from bot.views.rows import release_button

DURATION_RULES = frozenset({OLDEST_JOB, STUCK_JOBS, NO_WORKER_ACTIVITY})
"""The rules whose value is a duration. The value of other rules is a number of jobs."""

_BUTTONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    OLDEST_JOB: (("status", "button-status"), ("jobs", "button-jobs")),
    STUCK_JOBS: (("stuck", "button-stuck"),),
    FAILED_COUNT: (("errors", "button-errors"), ("failed", "button-failed")),
    BACKLOG_GROWTH: (("status", "button-status"), ("jobs", "button-jobs")),
    NO_WORKER_ACTIVITY: (("status", "button-status"), ("stuck", "button-stuck")),
    BACKGROUND_PROBLEM: (("watch", "button-watch"),),
}
"""The most useful commands for each rule, with their button labels."""


class RuleAlert(Value):
    """The current value and the peak of a rule, in seconds or jobs, with the reading's `facts`."""

    rule: str
    queue: str | None
    value: int
    peak: int
    facts: Mapping[str, Any]


def rule_alert_message(alert: RuleAlert, incident: IncidentView, ctx: Context) -> Message:
    """Return the problem and its value, or its duration after recovery."""
    body = rule_lines(alert.rule, alert.queue, alert.value, alert.peak, alert.facts, ctx)
    if incident.ending is not None:
        body = [join("\n", [ending_line(incident.ending, ctx), *body[:1]]), *body[1:]]
    foot = [*notes(incident, ctx), short_id(incident)]
    lines = [*body, *foot]
    blocks = [section(body[0]), *(section(line) for line in body[1:])]
    blocks += [context_line(line) for line in foot]
    if incident.is_active:
        elements = [
            *_release(alert, ctx),
            *(
                run_button(command, ctx.texts.plain(key), _about(command, alert), ctx.texts)
                for command, key in _BUTTONS[alert.rule]
            ),
        ]
        elements.append(incident_menu(incident, ctx))
        blocks.append(actions(elements, f"incident:{incident.id}"))
    return message(lines, blocks)


def _release(alert: RuleAlert, ctx: Context) -> list[Block]:
    """Return the button Release for the stuck jobs in the alert. Everybody sees the button.

    A click on the button for a single job releases the job only if the worker from the alert still
    holds it. A click for several jobs releases only jobs that workers have held for too long.
    """
    jobs: Sequence[Sequence[int]] = alert.facts.get("jobs", ()) if alert.rule == STUCK_JOBS else ()
    ids = [id_ for id_, *_ in jobs]
    if not ids:
        return []
    arguments: dict[str, Argument] = {"ids": ids}
    if len(jobs) == 1 and len(jobs[0]) > 2:
        arguments["reserved_at"] = jobs[0][2]
    label = ctx.texts.plain("button-release-jobs", count=len(ids), id=str(ids[0]))
    return [release_button(label, arguments, ids, ctx, spoken=label)]


def _about(command: str, alert: RuleAlert) -> dict[str, Argument]:
    """Return the command's arguments: the queue, and sorting by the oldest job."""
    if command != "jobs":
        return {}
    oldest: dict[str, Argument] = {"sort": "oldest", "status": "pending"}
    # A queue name that is too long for the bot's tables may also be too long for a button.
    if alert.queue is None or len(alert.queue) > LONGEST_NAME:
        return oldest
    return {"queue": alert.queue, **oldest}


def rule_value(rule: str, value: int, ctx: Context) -> Mrkdwn:
    """Return the rule's value as a duration or a number of jobs."""
    if rule in DURATION_RULES:
        return ctx.texts("incident-seconds", age=age(value, ctx.texts))
    key = "incident-problems" if rule == BACKGROUND_PROBLEM else "incident-jobs"
    return ctx.texts(key, count=value)
