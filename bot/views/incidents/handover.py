"""The handover to the next person on call: incidents by owner, mutes and running operations."""

from collections.abc import Sequence

from bot.models.incidents import Handover, ListedIncident
from bot.models.mutes import NamedMute
from bot.models.operations import Freeze, Progress
from bot.models.requests import Message, Moment, Person, Source
from bot.text import Mrkdwn, code, cut
from bot.views.blocks import message, sections
from bot.views.context import Context
from bot.views.incidents.mutes import incident_title, topic_text
from bot.views.names import age, dots

SHOWN = {"incidents": 10, "mutes": 5, "operations": 5}
"""The most rows of each part in a message, which stays under 10,000 characters.

A terminal shows all rows.
"""
ROW = 260
NAME = 80


def handover_message(handover: Handover, ctx: Context) -> Message:
    """Return the active incidents, unassigned first, then the mutes, operations and the freeze."""
    incidents = sorted(handover.incidents, key=lambda incident: incident.acknowledged_by or "")
    parts = [
        [ctx.texts("handover-title")],
        _part("incidents", [_incident(incident, ctx) for incident in incidents], ctx),
        _part("mutes", [_mute(mute, ctx) for mute in handover.mutes], ctx),
        _part("operations", [_operation(progress, ctx) for progress in handover.operations], ctx),
        [] if handover.freeze is None else [_freeze(handover.freeze, ctx)],
    ]
    blocks = [block for part in parts for block in sections(part)]
    return message([line for part in parts for line in part], blocks)


def _part(name: str, rows: Sequence[Mrkdwn], ctx: Context) -> list[Mrkdwn]:
    """Return the title of a part, which counts its rows, and then the rows."""
    if not rows:
        return [ctx.texts(f"handover-{name}-none")]
    shown = rows if ctx.source is Source.TERMINAL else rows[: SHOWN[name]]
    hidden = len(rows) - len(shown)
    more = [ctx.texts("handover-more", count=hidden)] if hidden else []
    return [ctx.texts(f"handover-{name}", count=len(rows)), *shown, *more]


def _incident(incident: ListedIncident, ctx: Context) -> Mrkdwn:
    """Return an incident, its start, and the person who is responsible for it."""
    texts = ctx.texts
    lead = texts(
        "handover-incident",
        id=incident.incident,
        what=incident_title(incident, ctx),
        since=Moment(incident.triggered_at),
    )
    owner = texts("handover-nobody")
    if incident.acknowledged_by is not None and incident.acknowledged_at is not None:
        by, at = Person(incident.acknowledged_by), Moment(incident.acknowledged_at)
        owner = texts("handover-owner", by=by, at=at)
    muted = Mrkdwn()
    if incident.muted_until is not None:
        muted = texts("incident-muted", until=Moment(incident.muted_until))
    name = code(incident.name, NAME) if incident.name else Mrkdwn()
    return cut(dots(lead, owner, muted, name), ROW)


def _mute(mute: NamedMute, ctx: Context) -> Mrkdwn:
    topic, by = topic_text(mute.topic, ctx), Person(mute.by)
    values = {"since": Moment(mute.at), "until": Moment(mute.until)}
    return cut(ctx.texts("handover-mute", topic=topic, by=by, **values), ROW)


def _operation(progress: Progress, ctx: Context) -> Mrkdwn:
    line = ctx.texts(
        "handover-operation",
        id=f"O{progress.operation}",
        command=code(progress.action, 40),
        done=progress.done,
        total=progress.total,
        by=Person(progress.actor),
        age=age(progress.seconds, ctx.texts),
    )
    return cut(line, ROW)


def _freeze(freeze: Freeze, ctx: Context) -> Mrkdwn:
    return ctx.texts("handover-freeze", by=Person(freeze.by), since=Moment(freeze.at))
