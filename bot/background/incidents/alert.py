"""Render an incident's alert from its row and its newest failures."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.app.setup import Setup
from bot.background.incidents.incident_view import view_of
from bot.background.retries.track import retry_outcomes
from bot.models import alert_rules
from bot.models.actions import counted_as
from bot.models.error_groups import Note
from bot.models.incidents import Incident
from bot.models.requests import Message
from bot.models.retry_outcomes import RetryOutcome
from bot.store.failures import error_groups, error_merges, error_notes, subjects
from bot.store.incidents import assignment
from bot.store.incidents.assignment import AssignedFailure
from bot.store.operations.retries import tracked_jobs
from bot.views.context import Context
from bot.views.incidents.alert import (
    SHOWN,
    ErrorGroupAlert,
    FailedJobAlert,
    failure_message,
    group_message,
    summary_message,
)
from bot.views.incidents.alert_parts import IncidentView
from bot.views.incidents.rule_alert import RuleAlert, rule_alert_message

log = structlog.get_logger(__name__)

MINUTE = timedelta(minutes=1)
LOOKED_AT = 20
"""How many of the newest failures are checked to find failures that still exist."""


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
