"""`/queue acknowledge I12`: acknowledge an incident; it will not escalate.

`acknowledge all` acknowledges every incident whose alert was posted.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, TypeAdapter

from bot.app.argument_types import IncidentId
from bot.app.command import Arguments, Command, Effect, Result
from bot.app.incident_change import changed_incident, incident_fields
from bot.app.work import Work
from bot.models.command_help import HelpTopic
from bot.models.incidents import ListedIncident
from bot.models.refusals import NothingToAcknowledge
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.value import Value
from bot.store.incidents import overview, transitions
from bot.views.context import Context
from bot.views.incidents.mutes import (
    acknowledged,
    acknowledged_all,
    acknowledged_all_visible,
    acknowledged_visible,
)

ALL = "all"
_INCIDENT: TypeAdapter[int] = TypeAdapter(IncidentId)


def _read(value: object) -> object:
    """Read `I12` or `all`."""
    words = list(value) if isinstance(value, list | tuple) else [value]
    is_all = len(words) == 1 and str(words[0]).strip().casefold() == ALL
    return ALL if is_all else _INCIDENT.validate_python(value)


class AcknowledgeArguments(Arguments):
    """The incident's id, or `all`."""

    id: Annotated[int | Literal["all"], BeforeValidator(_read)] = Field(
        json_schema_extra={"positional": "I12|all"}
    )


class AcknowledgedIncidents(Value):
    """The incidents that `all` acknowledged, the oldest first."""

    incidents: tuple[ListedIncident, ...]


class AcknowledgeResult(Result):
    """The acknowledged incident, or the acknowledged incidents."""

    data: ListedIncident | AcknowledgedIncidents


def run(work: Work, args: AcknowledgeArguments) -> AcknowledgeResult:
    """Acknowledge one or all incidents.

    Raises `IncidentNotFound`, `IncidentClosed`, `AlreadyAcknowledged` or `NothingToAcknowledge`.
    """
    return _one(work, args.id) if isinstance(args.id, int) else _all(work)


def _all(work: Work) -> AcknowledgeResult:
    by = work.invocation.actor.user
    ids = transitions.acknowledge_posted(work.connection, by, work.now, overview.MOST)
    incidents = overview.incidents_of(work.connection, ids)
    if not incidents:
        raise NothingToAcknowledge
    count = len(incidents)
    return AcknowledgeResult(
        message=f"{count} incident{'' if count == 1 else 's'} acknowledged",
        data=AcknowledgedIncidents(incidents=incidents),
        recorded={"id": [incident.incident for incident in incidents]},
    )


def _one(work: Work, id_: int) -> AcknowledgeResult:
    by = work.invocation.actor.user
    is_acknowledged = transitions.acknowledge(work.connection, id_, by, work.now)
    incident = changed_incident(work.connection, id_, is_changed=is_acknowledged)
    return AcknowledgeResult(
        message=f"Incident {incident.incident} acknowledged",
        data=incident,
        recorded=incident_fields(incident),
    )


def view(result: AcknowledgeResult, context: Context) -> Message:
    """Show the incidents, and show that they will not escalate."""
    if isinstance(result.data, AcknowledgedIncidents):
        return acknowledged_all(result.data.incidents, context)
    return acknowledged(result.data, context)


def visible(result: AcknowledgeResult, context: Context) -> Message:
    """Show the channel who acknowledged the incidents."""
    if isinstance(result.data, AcknowledgedIncidents):
        return acknowledged_all_visible(result.data.incidents, context)
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
    examples=("acknowledge I12", "acknowledge all"),
)
