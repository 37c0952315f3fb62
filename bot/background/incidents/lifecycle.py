"""The lifecycle of incidents: announce, escalate, resolve and reopen them.

Only a new message notifies people: the alert itself, or a reply in its thread. Every other change
is an edit. A muted incident is stored like any other incident. Its alert is posted when the mute
ends, if the incident is still active.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.app.responses import channel_context
from bot.app.setup import Setup
from bot.background.incidents import escalation, message, replies
from bot.background.incidents.quiet_hours import current_mute, suppressed_until
from bot.background.incidents.resolution import resolve_if_due
from bot.background.leader import leader_transaction
from bot.models.incidents import Incident
from bot.models.mutes import Mute
from bot.store.deltas import incident_deltas
from bot.store.incidents import lookups, mutes, retry_activity, transitions
from bot.store.incidents.assignment import move_left
from bot.store.incidents.transitions import TriggeredIncident
from bot.store.leases import Lease

AT_ONCE = 500
"""The maximum number of active incidents in one pass; if there are more, they take turns."""


def announce_triggered(
    setup: Setup, connection: Connection, triggered: TriggeredIncident, now: datetime
) -> None:
    """Post the alert of a triggered incident, or reply in its thread that it was reopened."""
    incident = lookups.by_id(connection, triggered.id)
    if incident is None or triggered.transition == "none" or _is_dealt_with(incident):
        return
    until = current_mute(setup, connection, incident, now)
    if until is not None:
        transitions.update_incident(connection, incident.id, muted_until=until)
    elif incident.posted_at is None:
        message.post(setup, connection, incident.id, now, mention=True)
    elif triggered.transition == "reopened":
        context = channel_context(setup, now)
        reply = replies.reopened(incident, triggered.resolved_at or now, now, context)
        message.reply(setup, connection, incident, reply, now, mention=True)
        transitions.update_incident(connection, incident.id, notified_size=incident.size)


def _is_dealt_with(incident: Incident) -> bool:
    """Return whether all failures of the incident were removed before its alert was posted."""
    return not incident.is_of_metric_rule and incident.failures_left == 0


def advance_once(setup: Setup, lease: Lease) -> int:
    """Resolve, post or escalate the active incidents that are due; return how many were active.

    The deltas of failures are added to the incidents first.
    """

    def work(connection: Connection, now: datetime) -> int:
        aggregate_deltas(connection, now)
        active = lookups.next_active(connection, AT_ONCE)
        if active:
            muted = mutes.current(connection, now)
            waits = retry_activity.unsettled(connection)
            to_notify = [
                incident
                for incident in active
                if _advance(
                    setup, connection, incident, now, muted, settled=incident.id not in waits
                )
            ]
            escalation.post(
                setup,
                connection,
                [incident for incident in to_notify if not incident.posted_at],
                now,
            )
            posted = [incident for incident in to_notify if incident.posted_at]
            escalation.escalate(setup, connection, posted, now)
            escalation.remind(setup, connection, posted, now)
        return len(active)

    return leader_transaction(setup, lease, work)


def aggregate_deltas(connection: Connection, now: datetime) -> None:
    """Add the deltas of failures to their incidents; the caller has fenced the transaction."""
    for number in incident_deltas.aggregate(connection):
        _reactivate(connection, number, now)


def _reactivate(connection: Connection, number: int, now: datetime) -> None:
    """Reopen the incident of restored failures.

    If its subject already has an active incident, move the failures to that incident.
    """
    incident = lookups.by_id(connection, number)
    if incident is None or incident.is_active:
        return
    other = lookups.by_subject(connection, incident.subject)
    if other is None:
        transitions.reopen(connection, number, now)
        return
    moved = move_left(connection, number, other.id)
    transitions.add_failures(connection, number, -moved.count)
    transitions.add_failures(connection, other.id, moved.count, moved.times)


def _advance(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    now: datetime,
    muted: Sequence[Mute],
    *,
    settled: bool,
) -> bool:
    """Resolve the incident if that is due; return whether the incident must notify people."""
    until = suppressed_until(setup, muted, incident, now)
    if until != incident.muted_until:
        transitions.update_incident(connection, incident.id, muted_until=until, stale=True)
    of_failures = not incident.is_of_metric_rule
    failures_left = incident.failures_left
    # An incident is resolved as quiet only after it notified people, and a mute delays that.
    suppressed = until is not None or incident.muted_until is not None
    suppressed = suppressed or escalation.is_notification_due(setup, incident, now)
    if of_failures and resolve_if_due(
        setup, connection, incident, failures_left, now, settled=settled, suppressed=suppressed
    ):
        return False
    return until is None and incident.needs_attention
