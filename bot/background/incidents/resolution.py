"""Resolve incidents whose problem ended or became quiet."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.app.responses import channel_context
from bot.app.setup import Setup
from bot.background.incidents import message, replies
from bot.background.incidents.quiet_hours import current_mute
from bot.models.alert_rules import NEW_FAILURES
from bot.models.incidents import Incident
from bot.store.incidents import lookups, retry_activity, transitions
from bot.store.incidents.retry_activity import UNKNOWN, Bulk, Figures
from bot.store.operations.retries import outcomes

QUIET_AFTER = timedelta(hours=1)
LONGEST_PATIENCE = timedelta(minutes=15)


def patience(setup: Setup, reopened: int) -> timedelta:
    """Return how long a rule must be recovered before the incident is resolved.

    Each reopening doubles the time, so that a flapping rule notifies people less and less often.
    """
    first = timedelta(seconds=setup.alerting.resolve_seconds)
    # Ten doublings always exceed the maximum; the limit avoids an overflow.
    grown: timedelta = first * 2 ** min(reopened, 10)
    return max(first, min(grown, LONGEST_PATIENCE))


def resolve_if_due(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    failures_left: int,
    now: datetime,
    *,
    settled: bool,
    suppressed: bool,
) -> bool:
    """Resolve the incident if no failure is left, or if no new failure came for a long time.

    `suppressed`: the incident is muted, its mute just ended, or it must still notify people.
    """
    if (
        failures_left == 0
        and settled
        and now - incident.last_at >= patience(setup, incident.reopened)
    ):
        resolve(setup, connection, incident, now, _figures(connection, incident))
        return True
    moments = (incident.last_at, incident.reopened_at, incident.posted_at)
    quiet_since = max(moment for moment in moments if moment is not None)
    if failures_left > 0 and not suppressed and now - quiet_since >= QUIET_AFTER:
        transitions.resolve(connection, incident.id, transitions.QUIET, now)
        return True
    return False


def _figures(connection: Connection, incident: Incident) -> Figures:
    """Return the outcomes of the incident's retried jobs."""
    retries: list[Bulk] = []
    for retried in retry_activity.bulk_retries(connection, incident.id):
        counts = outcomes.of_operation(connection, retried.operation)
        share = None if counts is None else retry_activity.bulk(connection, retried, counts)
        if share is None:
            return UNKNOWN
        retries.append(share)
    return retry_activity.figures(connection, incident, retries)


def resolve(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    now: datetime,
    known: Figures,
    *,
    sole_queue: bool | None = None,
) -> None:
    """Resolve the incident as recovered and reply in its thread.

    An incident of one failed job that never escalated gets no reply: its alert shows the end.
    """
    figures = {"processed": known.processed, "failed": known.failed, "sole_queue": sole_queue}
    transitions.resolve(connection, incident.id, transitions.RECOVERED, now, **figures)
    resolved = lookups.by_id(connection, incident.id)
    single = incident.rule == NEW_FAILURES and incident.count == 1
    notified_again = incident.escalations or incident.reopened
    if (
        incident.posted_at is None
        or (single and not notified_again)
        or current_mute(setup, connection, incident, now)
    ):
        return
    reply = None if resolved is None else replies.recovered(resolved, channel_context(setup, now))
    if reply is not None:
        message.reply(setup, connection, incident, reply, now, mention=False)
