"""The replies in the thread of an incident's alert."""

from datetime import datetime

from bot.background.incidents.incident_view import view_of
from bot.models.incidents import Incident
from bot.models.requests import Message
from bot.text import Mrkdwn, Plain
from bot.views.context import Context
from bot.views.incidents.alert_parts import (
    escalated_message,
    recovered_message,
    reminder_message,
    reopened_message,
)
from bot.views.incidents.rule_alert import rule_value


def value_text(incident: Incident, value: int, context: Context) -> Mrkdwn | Plain:
    """Return a value of this incident as a reply shows it."""
    if incident.is_of_metric_rule:
        return rule_value(incident.rule, value, context)
    return context.texts.plain("incident-failures", count=value)


def escalated(incident: Incident, now: datetime, context: Context, *, grown: bool) -> Message:
    """Return the reply that nobody acknowledged the incident, or that it has grown."""
    before = value_text(incident, incident.notified_size, context) if grown else None
    seconds = int((now - incident.triggered_at).total_seconds())
    size = value_text(incident, incident.size, context)
    return escalated_message(seconds, size, before, view_of(incident), context)


def reminder(incident: Incident, now: datetime, context: Context) -> Message:
    """Return the reply that an acknowledged incident is not resolved."""
    acknowledged_at = incident.acknowledged_at or incident.triggered_at
    seconds = int((now - acknowledged_at).total_seconds())
    size = value_text(incident, incident.size, context)
    return reminder_message(seconds, size, view_of(incident), context)


def reopened(incident: Incident, resolved_at: datetime, now: datetime, context: Context) -> Message:
    """Return the reply that the incident was reopened."""
    seconds = int((now - resolved_at).total_seconds())
    return reopened_message(
        seconds, value_text(incident, incident.size, context), view_of(incident), context
    )


def recovered(incident: Incident, context: Context) -> Message | None:
    """Return the reply that the incident recovered, with the known counts.

    Return None if the incident did not recover.
    """
    shown = view_of(incident)
    return None if shown.ending is None else recovered_message(shown, shown.ending, context)
