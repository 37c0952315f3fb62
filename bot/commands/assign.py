"""`/queue assign I12 @ana`: make a person responsible for an incident.

Without a person, the incident is assigned to the person who runs the command.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field, TypeAdapter

from bot.app.argument_types import IncidentId
from bot.app.command import Arguments, Command, Effect, Result
from bot.app.incident_change import changed_incident, incident_fields
from bot.app.people import operator_named
from bot.app.work import Work
from bot.models.command_help import HelpTopic
from bot.models.incidents import ListedIncident
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.incidents import transitions
from bot.views.context import Context
from bot.views.incidents.mutes import assigned, assigned_visible

MOST_WORDS = 2
_INCIDENT: TypeAdapter[int] = TypeAdapter(IncidentId)


@dataclass(frozen=True, slots=True)
class Assignment:
    """An incident and the typed person; None: the person who runs the command."""

    incident: int
    person: str | None = None


def _read(value: object) -> object:
    """Read `I12` or `I12 @ana`."""
    words = [str(word) for word in value] if isinstance(value, list | tuple) else [str(value)]
    if not 1 <= len(words) <= MOST_WORDS:
        raise ValueError("one-incident:")
    return Assignment(_INCIDENT.validate_python(words[0]), *words[1:])


class AssignArguments(Arguments):
    """The incident's id, and the person; the default is the person who runs the command."""

    id: Annotated[Assignment, BeforeValidator(_read)] = Field(
        json_schema_extra={"positional": "I12 [@NAME]"}
    )


class AssignResult(Result):
    """The assigned incident."""

    data: ListedIncident


def run(work: Work, args: AssignArguments) -> AssignResult:
    """Assign the incident.

    Raises `IncidentNotFound`, `IncidentClosed`, `AlreadyAcknowledged` and other refusals.
    """
    by, id_ = work.invocation.actor.user, args.id.incident
    person = by if args.id.person is None else operator_named(work, args.id.person)
    is_assigned = transitions.assign(work.connection, id_, person, by, work.now)
    incident = changed_incident(work.connection, id_, is_changed=is_assigned)
    return AssignResult(
        message=f"Incident {incident.incident} assigned",
        data=incident,
        recorded={**incident_fields(incident), "to": person},
    )


def view(result: AssignResult, context: Context) -> Message:
    """Show the person who is now responsible for the incident."""
    return assigned(result.data, context)


def visible(result: AssignResult, context: Context) -> Message:
    """Show the channel the person who assigned the incident, and the responsible person."""
    return assigned_visible(result.data, context)


COMMAND = Command(
    name="assign",
    arguments=AssignArguments,
    role=Role.OPERATOR,
    result=AssignResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    when_frozen=True,
    topic=HelpTopic.ALERTS,
    examples=(
        "assign I12 @ana",
        "assign I12",
    ),
)
