"""The answers to acknowledging and assigning an incident, and to muting and unmuting."""

from collections.abc import Sequence
from datetime import datetime

from bot.models.alert_rules import NO_WORKER_ACTIVITY
from bot.models.incidents import ListedIncident
from bot.models.mutes import MuteDetails, Topic
from bot.models.requests import Message, Moment, Person
from bot.text import Mrkdwn, code, join
from bot.views.blocks import message, section
from bot.views.context import Context
from bot.views.names import queue_name

NAME = 140
SHOWN = 10
"""The most incidents that one answer lists."""


def acknowledged(incident: ListedIncident, ctx: Context) -> Message:
    """Return the answer to the person: the incident's subject, and the effects."""
    lead = ctx.texts("acknowledge-done", id=incident.incident, what=incident_title(incident, ctx))
    return _section_message([lead, *_group_name(incident.name)])


def acknowledged_visible(incident: ListedIncident, ctx: Context) -> Message:
    """Return the channel's message: who acknowledged the incident."""
    lead = ctx.texts(
        "acknowledge-done-by",
        id=incident.incident,
        what=incident_title(incident, ctx),
        by=ctx.actor,
    )
    return _section_message([lead, *_group_name(incident.name)])


def acknowledged_all(incidents: Sequence[ListedIncident], ctx: Context) -> Message:
    """Return the answer to the person: the acknowledged incidents, and the effects."""
    lead = ctx.texts("acknowledge-all-done", count=len(incidents))
    return _listed_message(lead, incidents, ctx)


def acknowledged_all_visible(incidents: Sequence[ListedIncident], ctx: Context) -> Message:
    """Return the channel's message: who acknowledged the incidents."""
    lead = ctx.texts("acknowledge-all-done-by", count=len(incidents), by=ctx.actor)
    return _listed_message(lead, incidents, ctx)


def _listed_message(lead: Mrkdwn, incidents: Sequence[ListedIncident], ctx: Context) -> Message:
    rows = [
        ctx.texts("acknowledge-row", id=incident.incident, what=incident_title(incident, ctx))
        for incident in incidents[:SHOWN]
    ]
    hidden = len(incidents) - len(rows)
    more = [ctx.texts("handover-more", count=hidden)] if hidden > 0 else []
    return _section_message([lead, *rows, *more])


def assigned(incident: ListedIncident, ctx: Context) -> Message:
    """Return the answer to the person: who is responsible now, and the effects."""
    return _assigned(incident, "", ctx)


def assigned_visible(incident: ListedIncident, ctx: Context) -> Message:
    """Return the channel's message: who assigned the incident, and to whom."""
    return _assigned(incident, "-by", ctx)


def _assigned(incident: ListedIncident, suffix: str, ctx: Context) -> Message:
    is_own = incident.acknowledged_by == incident.assigned_by
    lead = ctx.texts(
        f"assign-{'taken' if is_own else 'done'}{suffix}",
        id=incident.incident,
        what=incident_title(incident, ctx),
        to=Person(incident.acknowledged_by or ""),
        by=ctx.actor,
    )
    return _section_message([lead, *_group_name(incident.name)])


def owner_line(by: str, at: datetime, assigned_by: str | None, ctx: Context) -> Mrkdwn:
    """Return who is responsible for an incident, since when, and who assigned it."""
    if assigned_by is None:
        return ctx.texts("incident-acknowledged", by=Person(by), at=Moment(at))
    if assigned_by == by:
        return ctx.texts("incident-taken-over", by=Person(by), at=Moment(at))
    return ctx.texts("incident-assigned", to=Person(by), by=Person(assigned_by), at=Moment(at))


def muted(details: MuteDetails, ctx: Context) -> Message:
    """Return the answer to the person: the end of the mute, and its effects."""
    lead = ctx.texts(
        "mute-done", topic=topic_text(details.mute.topic, ctx), at=Moment(details.mute.until)
    )
    return _section_message([lead, *_more(details, ctx), ctx.texts("mute-effect")])


def muted_visible(details: MuteDetails, ctx: Context) -> Message:
    """Return the channel's message: who muted the topic."""
    lead = ctx.texts(
        "mute-done-by",
        topic=topic_text(details.mute.topic, ctx),
        at=Moment(details.mute.until),
        by=Person(details.mute.by),
    )
    return _section_message([lead, *_more(details, ctx)])


def unmuted(details: MuteDetails, ctx: Context) -> Message:
    """Return the answer to the person: the topic with alerts again, and its active incidents."""
    lead = ctx.texts("unmute-done", topic=topic_text(details.mute.topic, ctx))
    early = ctx.texts("unmute-early", at=Moment(details.mute.until))
    return _section_message([lead, early, *_more(details, ctx)])


def unmuted_visible(details: MuteDetails, ctx: Context) -> Message:
    """Return the channel's message: who unmuted the topic."""
    lead = ctx.texts("unmute-done-by", topic=topic_text(details.mute.topic, ctx), by=ctx.actor)
    return _section_message([lead, *_more(details, ctx)])


def incident_title(incident: ListedIncident, ctx: Context) -> Mrkdwn:
    """Return the subject of an incident in a few words."""
    texts = ctx.texts
    key = f"what-{incident.rule}"
    if not texts.has(key):
        return texts("what-other", rule=code(incident.rule))
    several = "incident-queues" if incident.rule == NO_WORKER_ACTIVITY else "every-queue"
    queue = texts(several) if incident.queue is None else queue_name(incident.queue)
    return texts(key, error=incident.error or "–", queue=queue)


def topic_text(topic: Topic, ctx: Context) -> Mrkdwn:
    """Return the topic of a mute in words."""
    if topic.error_group is not None:
        return ctx.texts("mute-of-group", error=topic.word)
    if topic.queue is not None and topic.rule is not None:
        rule, queue = code(topic.rule), queue_name(topic.queue)
        return ctx.texts("mute-of-rule-in-queue", rule=rule, queue=queue)
    if topic.queue is not None:
        return ctx.texts("mute-of-queue", queue=queue_name(topic.queue))
    return ctx.texts("mute-of-rule", rule=code(topic.word))


def _more(details: MuteDetails, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    lines = _group_name(details.name)
    if details.extended is not None:
        lines.append(texts("mute-extended", at=Moment(details.extended)))
    if details.no_jobs and details.mute.topic.queue is not None:
        lines.append(texts("mute-no-jobs", queue=queue_name(details.mute.topic.queue)))
    if details.incidents:
        lines.append(texts("mute-incidents", count=details.incidents))
    return lines


def _group_name(name: str | None) -> list[Mrkdwn]:
    """Return the text of an error group on its own line."""
    return [code(name, NAME)] if name else []


def _section_message(lines: list[Mrkdwn]) -> Message:
    return message(lines, [section(join("\n", lines))])
