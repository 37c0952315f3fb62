"""Alerts about what is watched: the queue's figures beyond their limits, and back within them."""

from collections.abc import Mapping
from typing import Any

from bot.models.jobs import Value
from bot.models.requests import Message
from bot.text import Mrkdwn, join
from bot.views.blocks import actions, context_line, message, section
from bot.views.buttons import Argument, run_button
from bot.views.context import Context
from bot.views.incidents.alert_parts import (
    IncidentState,
    ending_line,
    incident_menu,
    notes,
    short_id,
)
from bot.views.incidents.rule_texts import condition_lines
from bot.views.names import LONGEST_NAME, age

SECONDS = frozenset({"oldest", "reserved", "silent"})
"""Kinds whose figure is a length of time; the others' is a number of jobs."""

_BUTTONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "oldest": (("status", "button-status"), ("jobs", "button-jobs")),
    "reserved": (("stuck", "button-stuck"), ("status", "button-status")),
    "failed": (("errors", "button-errors"), ("failed", "button-failed")),
    "backlog": (("status", "button-status"), ("jobs", "button-jobs")),
    "silent": (("status", "button-status"), ("stuck", "button-stuck")),
    "background": (("watch", "button-watch"),),
}
"""What to look at first, by kind: commands and the labels of their buttons."""


class ConditionCard(Value):
    """What is watched: the figure now and the worst, in seconds or jobs; `facts` as its sign's."""

    kind: str
    queue: str | None
    value: int
    worst: int
    facts: Mapping[str, Any]


def condition_message(card: ConditionCard, incident: IncidentState, ctx: Context) -> Message:
    """What is wrong and how much; when it is over, for how long it was."""
    body = condition_lines(card.kind, card.queue, card.value, card.worst, card.facts, ctx)
    if incident.ending is not None:
        body = [join("\n", [ending_line(incident.ending, ctx), *body[:1]]), *body[1:]]
    foot = [*notes(incident, ctx), short_id(incident)]
    lines = [*body, *foot]
    blocks = [section(body[0]), *(section(line) for line in body[1:])]
    blocks += [context_line(line) for line in foot]
    if incident.state == "open":
        elements = [
            run_button(command, ctx.texts.plain(key), _about(command, card))
            for command, key in _BUTTONS[card.kind]
        ]
        elements.append(incident_menu(incident, ctx))
        blocks.append(actions(elements, f"incident:{incident.id}"))
    return message(lines, blocks)


def _about(command: str, card: ConditionCard) -> dict[str, Argument]:
    """The arguments of a look at this: the queue, and the oldest first."""
    if command != "jobs":
        return {}
    oldest: dict[str, Argument] = {"sort": "oldest", "status": "pending"}
    # A name that no queue of the bot's tables can have may be too long for a button.
    if card.queue is None or len(card.queue) > LONGEST_NAME:
        return oldest
    return {"queue": card.queue, **oldest}


def figure_of(kind: str, value: int, ctx: Context) -> Mrkdwn:
    """A figure of this kind: a length of time, or how many jobs."""
    if kind in SECONDS:
        return ctx.texts("incident-seconds", age=age(value, ctx.texts))
    key = "incident-problems" if kind == "background" else "incident-jobs"
    return ctx.texts(key, count=value)
