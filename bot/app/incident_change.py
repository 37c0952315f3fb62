"""The answer of a change that makes a person responsible for an incident."""

from sqlalchemy import Connection

from bot.models.incidents import ListedIncident
from bot.models.refusals import AlreadyAcknowledged, IncidentClosed, IncidentNotFound
from bot.store.incidents import overview


def changed_incident(connection: Connection, id_: int, *, is_changed: bool) -> ListedIncident:
    """Return the changed incident.

    If it was not changed, raises `IncidentNotFound`, `IncidentClosed` or `AlreadyAcknowledged`.
    """
    incident = overview.incident(connection, id_)
    if incident is None:
        raise IncidentNotFound(id=f"I{id_}")
    if not is_changed and incident.resolved_at is not None:
        raise IncidentClosed(id=incident.incident, at=incident.resolved_at)
    if not is_changed:
        raise AlreadyAcknowledged(
            id=incident.incident, by=incident.acknowledged_by, at=incident.acknowledged_at
        )
    return incident


def incident_fields(incident: ListedIncident) -> dict[str, object]:
    """Return the fields of the incident for the audit record."""
    return {
        "id": incident.incident,
        "alert": incident.rule,
        "queue": incident.queue,
        "error": incident.error,
    }
