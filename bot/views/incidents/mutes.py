"""The answers to acknowledging an incident, and to muting and unmuting."""

from bot.models.incidents import ListedIncident, MuteDetails, Topic
from bot.models.requests import Message, Moment, Person
from bot.text import Mrkdwn, code, join
from bot.views.blocks import message, section
from bot.views.context import Context
from bot.views.names import queue_name

NAME = 140


def acknowledged(incident: ListedIncident, ctx: Context) -> Message:
    """To the person: what it is about, and what follows."""
    lead = ctx.texts("acknowledge-done", id=incident.incident, what=incident_title(incident, ctx))
    return _section_message([lead, *_group_name(incident.name)])


def acknowledged_visible(incident: ListedIncident, ctx: Context) -> Message:
    """To everybody: by whom."""
    lead = ctx.texts(
        "acknowledge-done-by",
        id=incident.incident,
        what=incident_title(incident, ctx),
        by=ctx.actor,
    )
    return _section_message([lead, *_group_name(incident.name)])


def muted(details: MuteDetails, ctx: Context) -> Message:
    """To the person: until when, and what a mute does."""
    lead = ctx.texts(
        "mute-done", topic=topic_text(details.mute.topic, ctx), at=Moment(details.mute.until)
    )
    return _section_message([lead, *_more(details, ctx), ctx.texts("mute-effect")])


def muted_visible(details: MuteDetails, ctx: Context) -> Message:
    """To everybody: by whom."""
    lead = ctx.texts(
        "mute-done-by",
        topic=topic_text(details.mute.topic, ctx),
        at=Moment(details.mute.until),
        by=Person(details.mute.by),
    )
    return _section_message([lead, *_more(details, ctx)])


def unmuted(details: MuteDetails, ctx: Context) -> Message:
    """To the person: what is told again, and how much of it is open."""
    lead = ctx.texts("unmute-done", topic=topic_text(details.mute.topic, ctx))
    early = ctx.texts("unmute-early", at=Moment(details.mute.until))
    return _section_message([lead, early, *_more(details, ctx)])


def unmuted_visible(details: MuteDetails, ctx: Context) -> Message:
    """To everybody: by whom."""
    lead = ctx.texts("unmute-done-by", topic=topic_text(details.mute.topic, ctx), by=ctx.actor)
    return _section_message([lead, *_more(details, ctx)])


def incident_title(incident: ListedIncident, ctx: Context) -> Mrkdwn:
    """In a few words what an incident is about."""
    texts = ctx.texts
    key = f"what-{incident.rule}"
    if not texts.has(key):
        return texts("what-other", rule=code(incident.rule))
    queue = texts("every-queue") if incident.queue is None else queue_name(incident.queue)
    return texts(key, error=incident.error or "–", queue=queue)


def topic_text(topic: Topic, ctx: Context) -> Mrkdwn:
    """What a mute is of."""
    if topic.error_group is not None:
        return ctx.texts("mute-of-group", error=topic.word)
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
    """The text of an error group, on a line of its own."""
    return [code(name, NAME)] if name else []


def _section_message(lines: list[Mrkdwn]) -> Message:
    return message(lines, [section(join("\n", lines))])
