"""Escalate active incidents, and remind: decide which incidents notify people, and how often.

Each escalation interrupts people who work on another incident. So all incidents share a limit of
escalations a minute, and the largest incident escalates first.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.app.responses import channel_context
from bot.app.setup import Setup
from bot.background.incidents import message, replies
from bot.models.incidents import Incident
from bot.store.incidents import lookups, transitions

MINUTE = timedelta(minutes=1)
"""The minimum time between two escalations of one incident, even if it grows fast."""
ESCALATIONS = 5
"""The maximum number of incidents that escalate within a minute."""
TENFOLD = 10
FEW = 10
"""Tenfold growth is measured from at least this size: growth from 1 to 10 does not escalate."""


def post(setup: Setup, connection: Connection, rows: Sequence[Incident], now: datetime) -> None:
    """Post the alerts that are missing because a mute ended or somebody deleted the message.

    The limit of alerts a minute also applies to these alerts.
    """
    if rows:
        room = setup.alerts_per_minute - lookups.posted_since(connection, now - MINUTE)
        for incident in _largest(rows)[: max(0, room)]:
            # People were already notified by a deleted alert; they need no second notification.
            mention = not incident.notified_size
            message.post(setup, connection, incident.id, now, mention=mention)


def escalate(setup: Setup, connection: Connection, rows: Sequence[Incident], now: datetime) -> None:
    """Escalate the posted incidents that nobody acknowledged, or that grew tenfold.

    Growth escalates one incident a minute, and only if no other incident escalated in that minute.
    """
    due = [
        incident
        for incident in rows
        if incident.acknowledged_at is None and _may_escalate(incident, now)
    ]
    grown = _largest([incident for incident in due if is_grown(incident, now)])
    unseen = _largest([incident for incident in due if _is_unseen(setup, incident, now)])
    if not grown and not unseen:
        return
    lately = lookups.escalated_since(connection, now - MINUTE)
    first = grown[:1] if lately == 0 else []
    ordered = [*first, *(incident for incident in unseen if incident not in first)]
    for incident in ordered[: max(0, ESCALATIONS - lately)]:
        _escalate(setup, connection, incident, now, grown=incident in grown)


def remind(setup: Setup, connection: Connection, rows: Sequence[Incident], now: datetime) -> None:
    """Remind the responsible people of acknowledged incidents that are not resolved.

    The reminders share the limit of escalations, and the incident that waits longest is first.
    """
    length = timedelta(seconds=setup.alerting.remind_seconds)
    due = [(since, i) for i in rows if (since := _reminded_since(i)) and now - since >= length]
    if not due:
        return
    room = ESCALATIONS - lookups.escalated_since(connection, now - MINUTE)
    for _, incident in sorted(due, key=lambda item: (item[0], item[1].id))[: max(0, room)]:
        text = replies.reminder(incident, now, channel_context(setup, now))
        message.reply(setup, connection, incident, text, now, mention=False)
        transitions.update_incident(connection, incident.id, escalated_at=now)


def _reminded_since(incident: Incident) -> datetime | None:
    """Return when the incident was acknowledged or last reminded of; None if nobody did."""
    if incident.acknowledged_at is None:
        return None
    return max(incident.acknowledged_at, incident.escalated_at or incident.acknowledged_at)


def _largest(rows: Sequence[Incident]) -> list[Incident]:
    return sorted(rows, key=lambda incident: (-incident.size, incident.id))


def _since(incident: Incident) -> datetime:
    """Return when people were last notified that the incident was triggered or reopened."""
    posted_at = incident.posted_at or incident.triggered_at
    return max(posted_at, incident.reopened_at or posted_at)


def _may_escalate(incident: Incident, now: datetime) -> bool:
    return now - (incident.escalated_at or _since(incident)) >= MINUTE


def is_grown(incident: Incident, now: datetime) -> bool:
    """Return whether the incident just grew to ten times its last notified size."""
    grown = incident.size >= TENFOLD * max(FEW, incident.notified_size)
    return grown and bool(now - incident.last_at <= MINUTE)


def _is_unseen(setup: Setup, incident: Incident, now: datetime) -> bool:
    """Return whether people were notified long ago and the incident never escalated."""
    long = timedelta(seconds=setup.alerting.escalate_seconds)
    return incident.escalations == 0 and now - _since(incident) >= long


def is_notification_due(setup: Setup, incident: Incident, now: datetime) -> bool:
    """Return whether the incident must still notify people as soon as the limits allow that."""
    if incident.acknowledged_at is not None or setup.alert_channel is None:
        return False
    return incident.posted_at is None or _is_unseen(setup, incident, now)


def _escalate(
    setup: Setup, connection: Connection, incident: Incident, now: datetime, *, grown: bool
) -> None:
    reply = replies.escalated(incident, now, channel_context(setup, now), grown=grown)
    message.reply(setup, connection, incident, reply, now, mention=True)
    values = {
        "escalations": incident.escalations + 1,
        "escalated_at": now,
        "notified_size": incident.size,
    }
    transitions.update_incident(connection, incident.id, **values, stale=True)
