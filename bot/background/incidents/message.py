"""Render an incident's alert from its row and newest failures, post it once, then edit it.

A new message mentions the user group on call. An edit never mentions the group: Slack notifies
nobody of an edit, but readers would assume that the group was notified.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.retries.track import retry_outcomes
from bot.models import alert_rules
from bot.models.actions import counted_as
from bot.models.error_groups import Note
from bot.models.incidents import Incident
from bot.models.operations import RetryOutcome
from bot.models.requests import Message
from bot.store import outbox
from bot.store.failures import error_groups, error_merges, error_notes, subjects
from bot.store.incidents import assignment, lookups, transitions
from bot.store.incidents.assignment import AssignedFailure
from bot.store.operations.retries import tracked_jobs
from bot.text import Mrkdwn, Plain
from bot.views.context import Context
from bot.views.incidents.alert import (
    SHOWN,
    ErrorGroupAlert,
    FailedJobAlert,
    failure_message,
    group_message,
    summary_message,
)
from bot.views.incidents.alert_parts import (
    Ending,
    IncidentView,
    escalated_message,
    recovered_message,
    reminder_message,
    reopened_message,
    with_group_mention,
)
from bot.views.incidents.rule_alert import RuleAlert, rule_alert_message, rule_value

log = structlog.get_logger(__name__)

LOOKED_AT = 20
"""How many of the newest failures are checked to find failures that still exist."""
MINUTE = timedelta(minutes=1)
BURST = MINUTE
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


def _ending(incident: Incident, resolved_at: datetime) -> Ending:
    return Ending(
        seconds=int((resolved_at - incident.triggered_at).total_seconds()),
        processed=incident.processed,
        failed=incident.failed,
        retried=max(0, incident.retried),
        deleted=max(0, incident.deleted),
        otherwise=max(0, incident.removed - incident.retried - incident.deleted),
        of="jobs" if not incident.is_of_metric_rule else "queue" if incident.sole_queue else "all",
        queue=incident.queue,
    )


def view_of(incident: Incident) -> IncidentView:
    """Return the part of an incident that all views show."""
    quiet = (
        (incident.resolved_at - incident.last_at)
        if incident.resolved_at is not None
        else timedelta(0)
    )
    ending = None
    if incident.resolution == transitions.RECOVERED and incident.resolved_at is not None:
        ending = _ending(incident, incident.resolved_at)
    return IncidentView(
        id=incident.id,
        rule=incident.rule,
        resolution=incident.resolution,
        triggered_at=incident.triggered_at,
        ending=ending,
        quiet_seconds=int(quiet.total_seconds()),
        queue=incident.queue,
        acknowledged_by=incident.acknowledged_by,
        acknowledged_at=incident.acknowledged_at,
        assigned_by=incident.assigned_by,
        muted_until=incident.muted_until,
    )


def draw(
    setup: Setup, connection: Connection, incident: Incident, context: Context
) -> Message | None:
    """Return the incident's current alert, or None if the incident has no failure left to show.

    An alert that cannot be rendered shows that rendering failed. One unexpected row must not block
    the alerts of other incidents.
    """
    try:
        return _drawn(setup, connection, incident, context)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        log.exception("incident not drawn", incident=incident.id)
        return Message(context.texts("incident-undrawn", id=f"I{incident.id}"))


def _drawn(
    setup: Setup, connection: Connection, incident: Incident, context: Context
) -> Message | None:
    shown = view_of(incident).model_copy(update={"note": _note(connection, incident)})
    failures_left = incident.failures_left
    if incident.is_of_metric_rule:
        return rule_alert_message(_rule_alert(incident), shown, context)
    if incident.rule == alert_rules.SUMMARY:
        until = incident.triggered_at + MINUTE
        return summary_message(incident.count, failures_left, until, shown, context)
    rows = assignment.newest(connection, incident.id, LOOKED_AT)
    if incident.count == 1:
        return _single(setup, connection, incident, shown, rows, context) if rows else None
    still_failed = [failure for failure in rows if failure.removed_at is None][:SHOWN]
    group = incident.error_group or 0
    names = error_groups.names_of(connection, [group])
    alert = ErrorGroupAlert(
        error_group=group,
        name=names.get(group, ""),
        queue=incident.queue,
        count=incident.count,
        left=failures_left,
        retried=max(0, incident.retried),
        deleted=max(0, incident.deleted),
        newest=tuple(_failed_jobs(setup, connection, still_failed)),
        first_at=_utc(setup, incident.first_failed_at, incident.triggered_at),
        last_at=_utc(setup, incident.last_failed_at, incident.last_at),
        by=incident.settled_by,
        at=incident.settled_at,
    )
    return group_message(alert, shown, context)


def _note(connection: Connection, incident: Incident) -> Note | None:
    """Return the note of the incident's error group."""
    if incident.error_group is None:
        return None
    members = error_merges.of_groups(connection, [incident.error_group])
    return error_notes.of_members(connection, members)


def _utc(setup: Setup, failed_at: datetime | None, otherwise: datetime) -> datetime:
    """Return a `failed_at` of the queue as naive UTC, or `otherwise` if it is None."""
    return otherwise if failed_at is None else setup.queue.utc(failed_at)


def _rule_alert(incident: Incident) -> RuleAlert:
    return RuleAlert(
        rule=incident.rule,
        queue=incident.queue,
        value=incident.value or 0,
        peak=incident.peak or 0,
        facts=json.loads(incident.facts or "{}"),
    )


def _single(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    shown: IncidentView,
    rows: Sequence[AssignedFailure],
    context: Context,
) -> Message:
    (alert,) = _failed_jobs(setup, connection, rows[:1])
    # An undo may have restored the failure since the deltas were added to the incident.
    if incident.failures_left == 0 and rows[0].removed_at is not None:
        state = counted_as(setup.actions, incident.settled_how) or "gone"
        retried = state == "retried"
        outcome = _retry_outcome(connection, rows[0].seq, context.now) if retried else None
        changed = {"state": state, "by": incident.settled_by, "at": incident.settled_at}
        alert = alert.model_copy(update={**changed, "outcome": outcome})
    return failure_message(alert, shown, context)


def _retry_outcome(connection: Connection, seq: int, now: datetime) -> RetryOutcome | None:
    """Return the outcome of the failure's retry, or None if its job is not tracked."""
    job = tracked_jobs.of_failure(connection, seq)
    return None if job is None else retry_outcomes(connection, [job], now)[0]


def _failed_jobs(
    setup: Setup, connection: Connection, rows: Sequence[AssignedFailure]
) -> list[FailedJobAlert]:
    has_more = bool(setup.queue.subjects)
    by_seq = subjects.of(connection, [row.seq for row in rows]) if has_more else {}
    return [_failed_job(setup, row, by_seq.get(row.seq, {})) for row in rows]


def _failed_job(setup: Setup, failure: AssignedFailure, more: subjects.Subjects) -> FailedJobAlert:
    return FailedJobAlert(
        failed_id=failure.failed_id,
        queue=failure.queue,
        job_class=failure.job_class,
        order_id=failure.order_id,
        tienda_id=failure.tienda_id,
        subjects=dict(more),
        error=failure.error,
        failed_at=setup.queue.utc(failure.failed_at),
        row_digest=failure.row_digest,
    )
