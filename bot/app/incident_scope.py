"""Scopes for retrying an incident: its own failures, and older failures of its error group."""

from bot.app.bulk_limits import need_of
from bot.app.filters import with_merged
from bot.app.plans import BulkOptions, create
from bot.app.work import Work
from bot.models.actions import Action
from bot.models.incidents import Incident
from bot.models.operations import Preview, Scope, WiderPlan
from bot.models.refusals import IncidentNotFound
from bot.store.incidents import lookups


def incident_of(work: Work, id_: int) -> Incident:
    """Return the incident; raises `IncidentNotFound`."""
    incident = lookups.by_id(work.connection, id_)
    if incident is None:
        raise IncidentNotFound(id=f"I{id_}")
    return incident


def limited_to(work: Work, scope: Scope, incident: Incident) -> Scope:
    """Return the scope, limited to the incident's own failures."""
    group, merged = with_merged(work, incident.error_group)
    of_incident = {"incident": incident.id, "error_group": group, "merged": merged}
    return scope.model_copy(update=of_incident)


def with_older(
    work: Work, action: Action, preview: Preview, incident: Incident, options: BulkOptions
) -> Preview:
    """Add a second plan to the preview, which also includes older failures of the error group.

    The preview is returned unchanged if no older failures exist, or if the person may not change
    that many jobs.
    """
    if not preview.total or incident.error_group is None or incident.first_seq is None:
        return preview
    scope = preview.scope.model_copy(update={"older_than": incident.first_seq})
    wider = create(work, action, scope, options)
    count = wider.total - preview.total
    may_change = work.grant.role >= need_of(work.setup.commands[action.name], wider.total).role
    if count <= 0 or not may_change:
        return preview
    return preview.model_copy(update={"older": WiderPlan(plan=wider.plan, count=count)})
