"""`/queue acknowledge I12`: acknowledge an incident; it will not escalate."""

from pydantic import Field

from bot.app.argument_types import IncidentId
from bot.app.command import Arguments, Command, Effect, Result, Work
from bot.models.command_help import HelpTopic
from bot.models.incidents import ListedIncident
from bot.models.refusals import AlreadyAcknowledged, IncidentClosed, IncidentNotFound
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.incidents import overview, transitions
from bot.views.context import Context
from bot.views.incidents.mutes import acknowledged, acknowledged_visible


class AcknowledgeArguments(Arguments):
    """The incident's id."""

    id: IncidentId = Field(json_schema_extra={"positional": "I12"})


class AcknowledgeResult(Result):
    """The acknowledged incident."""

    data: ListedIncident


def run(work: Work, args: AcknowledgeArguments) -> AcknowledgeResult:
    """Acknowledge the incident.

    Raises `IncidentNotFound`, `IncidentClosed` or `AlreadyAcknowledged`.
    """
    by = work.invocation.actor.user
    acknowledged = transitions.acknowledge(work.connection, args.id, by, work.now)
    incident = overview.incident(work.connection, args.id)
    if incident is None:
        raise IncidentNotFound(id=f"I{args.id}")
    if not acknowledged and incident.resolved_at is not None:
        raise IncidentClosed(id=incident.incident, at=incident.resolved_at)
    if not acknowledged:
        raise AlreadyAcknowledged(
            id=incident.incident, by=incident.acknowledged_by, at=incident.acknowledged_at
        )
    return AcknowledgeResult(
        message=f"Incident {incident.incident} acknowledged",
        data=incident,
        recorded={
            "id": incident.incident,
            "alert": incident.rule,
            "queue": incident.queue,
            "error": incident.error,
        },
    )


def view(result: AcknowledgeResult, context: Context) -> Message:
    """Show the incident, and show that the incident will not escalate."""
    return acknowledged(result.data, context)


def visible(result: AcknowledgeResult, context: Context) -> Message:
    """Show the channel who acknowledged the incident."""
    return acknowledged_visible(result.data, context)


COMMAND = Command(
    name="acknowledge",
    arguments=AcknowledgeArguments,
    role=Role.OPERATOR,
    result=AcknowledgeResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    when_frozen=True,
    aliases=("ack",),
    topic=HelpTopic.ALERTS,
    examples=("acknowledge I12",),
)
