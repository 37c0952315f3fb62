"""Alerts that somebody takes up, and what nobody wants to be told of for a while."""

from bot.models.incidents import MuteSaid, OpenIncident, Topic
from bot.models.requests import Message, Moment, Person
from bot.text import Mrkdwn, code, join
from bot.views.blocks import message, section
from bot.views.context import Context
from bot.views.names import queue_name

NAME = 140


def acknowledged(incident: OpenIncident, ctx: Context) -> Message:
    """To the person: what it is about, and what follows."""
    said = ctx.texts("acknowledge-done", id=incident.incident, what=what(incident, ctx))
    return _said([said, *_named(incident.name)])


def acknowledged_visible(incident: OpenIncident, ctx: Context) -> Message:
    """To everybody: by whom."""
    said = ctx.texts(
        "acknowledge-done-by", id=incident.incident, what=what(incident, ctx), by=ctx.actor
    )
    return _said([said, *_named(incident.name)])


def muted(said: MuteSaid, ctx: Context) -> Message:
    """To the person: until when, and what a mute does."""
    lead = ctx.texts(
        "mute-done", topic=topic_said(said.mute.topic, ctx), at=Moment(said.mute.until)
    )
    return _said([lead, *_more(said, ctx), ctx.texts("mute-effect")])


def muted_visible(said: MuteSaid, ctx: Context) -> Message:
    """To everybody: by whom."""
    lead = ctx.texts(
        "mute-done-by",
        topic=topic_said(said.mute.topic, ctx),
        at=Moment(said.mute.until),
        by=Person(said.mute.by),
    )
    return _said([lead, *_more(said, ctx)])


def unmuted(said: MuteSaid, ctx: Context) -> Message:
    """To the person: what is told again, and how much of it is open."""
    lead = ctx.texts("unmute-done", topic=topic_said(said.mute.topic, ctx))
    early = ctx.texts("unmute-early", at=Moment(said.mute.until))
    return _said([lead, early, *_more(said, ctx)])


def unmuted_visible(said: MuteSaid, ctx: Context) -> Message:
    """To everybody: by whom."""
    lead = ctx.texts("unmute-done-by", topic=topic_said(said.mute.topic, ctx), by=ctx.actor)
    return _said([lead, *_more(said, ctx)])


def what(incident: OpenIncident, ctx: Context) -> Mrkdwn:
    """In a few words what an incident is about."""
    texts = ctx.texts
    key = f"what-{incident.kind}"
    if not texts.has(key):
        return texts("what-other", kind=code(incident.kind))
    queue = texts("every-queue") if incident.queue is None else queue_name(incident.queue)
    return texts(key, error=incident.error or "–", queue=queue)


def topic_said(topic: Topic, ctx: Context) -> Mrkdwn:
    """What a mute is of."""
    if topic.error_group is not None:
        return ctx.texts("mute-of-group", error=topic.word)
    if topic.queue is not None:
        return ctx.texts("mute-of-queue", queue=queue_name(topic.queue))
    return ctx.texts("mute-of-kind", kind=code(topic.word))


def _more(said: MuteSaid, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    lines = _named(said.name)
    if said.extended is not None:
        lines.append(texts("mute-extended", at=Moment(said.extended)))
    if said.no_jobs and said.mute.topic.queue is not None:
        lines.append(texts("mute-no-jobs", queue=queue_name(said.mute.topic.queue)))
    if said.incidents:
        lines.append(texts("mute-incidents", count=said.incidents))
    return lines


def _named(name: str | None) -> list[Mrkdwn]:
    """The text of an error group, on a line of its own."""
    return [code(name, NAME)] if name else []


def _said(lines: list[Mrkdwn]) -> Message:
    return message(lines, [section(join("\n", lines))])
