"""The part of an incident that its alert and its replies show."""

from datetime import datetime, timedelta

from bot.models.incidents import Incident
from bot.store.incidents import transitions
from bot.views.incidents.alert_parts import Ending, IncidentView


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
