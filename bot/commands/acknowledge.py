"""`/queue acknowledge I12`: say that somebody is at it, so that it is escalated no more."""

from pydantic import Field

from bot.app.command import Arguments, Command, Effect, Result, Work
from bot.app.parsing import IncidentId
from bot.models.command_help import HelpTopic
from bot.models.incidents import ListedIncident
from bot.models.refusals import AlreadyAcknowledged, IncidentClosed, IncidentNotFound
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.incidents import overview, transitions
from bot.views.context import Context
from bot.views.incidents.mutes import acknowledged, acknowledged_visible


class AcknowledgeArguments(Arguments):
    """Which incident."""

    id: IncidentId = Field(json_schema_extra={"positional": "I12"})


class AcknowledgeResult(Result):
    """The incident, with who acknowledged it."""

    data: ListedIncident


def run(work: Work, args: AcknowledgeArguments) -> AcknowledgeResult:
    """Write it down; raises `IncidentNotFound`, `IncidentClosed` or `AlreadyAcknowledged`."""
    by = work.invocation.actor.user
    mine = transitions.acknowledge(work.connection, args.id, by, work.now)
    found = overview.incident(work.connection, args.id)
    if found is None:
        raise IncidentNotFound(id=f"I{args.id}")
    if not mine and found.resolved_at is not None:
        raise IncidentClosed(id=found.incident, at=found.resolved_at)
    if not mine:
        raise AlreadyAcknowledged(
            id=found.incident, by=found.acknowledged_by, at=found.acknowledged_at
        )
    return AcknowledgeResult(
        message=f"Incident {found.incident} acknowledged",
        data=found,
        recorded={
            "id": found.incident,
            "alert": found.rule,
            "queue": found.queue,
            "error": found.error,
        },
    )


def view(result: AcknowledgeResult, context: Context) -> Message:
    """What it is about, and that it is escalated no more."""
    return acknowledged(result.data, context)


def visible(result: AcknowledgeResult, context: Context) -> Message:
    """The same for the channel, by whom."""
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
