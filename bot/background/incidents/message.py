"""Post an incident's alert once, then edit it, and reply in its thread.

A new message mentions the user group on call. An edit never mentions the group: Slack notifies
nobody of an edit, but readers would assume that the group was notified.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.app.responses import channel_context
from bot.app.setup import Setup
from bot.background.incidents.alert import draw
from bot.models.incidents import Incident
from bot.models.requests import Message
from bot.store import outbox
from bot.store.incidents import lookups, transitions
from bot.views.incidents.alert_parts import with_group_mention

BURST = timedelta(minutes=1)
"""Incidents that begin within this time form a burst, which probably has one cause.

Only the first alert of a burst mentions the user group on call.
"""


def post(
    setup: Setup, connection: Connection, number: int, now: datetime, *, mention: bool
) -> None:
    """Put the incident's alert into the outbox; `mention` adds the user group on call.

    Only one alert of a burst has the mention.
    """
    incident = lookups.by_id(connection, number)
    context = channel_context(setup, now)
    alert = None if incident is None else draw(setup, connection, incident, context)
    channel = None if incident is None else setup.for_queue(incident.queue).alert_channel
    if incident is None or alert is None or channel is None:
        return
    body = _calling(setup, connection, incident, alert, now) if mention else alert
    outbox.post(connection, channel, subject_of(incident), body, now)
    values = {"posted_at": now, "drawn_at": now, "notified_size": incident.size, "stale": False}
    transitions.update_incident(connection, number, **values)


def redraw(setup: Setup, connection: Connection, incident: Incident, now: datetime) -> None:
    """Edit the incident's alert, if one was posted, to show the current state."""
    drawn: dict[str, object] = {"stale": False}
    if incident.posted_at is not None and setup.alert_channel is not None:
        message = draw(setup, connection, incident, channel_context(setup, now))
        if message is not None:
            outbox.edit_in_turn(
                connection, _channel(setup, incident), subject_of(incident), message, now
            )
            drawn["drawn_at"] = now
    transitions.update_incident(connection, incident.id, **drawn)


def reply(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    message: Message,
    now: datetime,
    *,
    mention: bool,
) -> None:
    """Put a reply in the thread of the incident's alert into the outbox.

    `mention` has the meaning that it has in `post`.
    """
    if setup.alert_channel is None:
        return
    body = _calling(setup, connection, incident, message, now) if mention else message
    outbox.reply(connection, _channel(setup, incident), subject_of(incident), body, now)


def _calling(
    setup: Setup, connection: Connection, incident: Incident, message: Message, now: datetime
) -> Message:
    """Return the message; add a mention of the group on call once in a burst of incidents.

    Each incident of the burst escalates separately if nobody acknowledges that incident.
    """
    if lookups.called_since(connection, now - BURST):
        return message
    transitions.update_incident(connection, incident.id, called_at=now)
    return with_group_mention(
        message, setup.for_queue(incident.queue).alerting.mention, channel_context(setup, now)
    )


def _channel(setup: Setup, incident: Incident) -> str:
    """Return the channel of the incident's alert, or the alert channel if none was posted yet."""
    return str(incident.channel or setup.for_queue(incident.queue).alert_channel)


def subject_of(incident: Incident) -> str:
    """Return the subject of the incident's messages in the outbox."""
    return f"incident:{incident.id}"
