"""Approval of bulk changes by a second person, if the settings require approval."""

from datetime import timedelta

from pydantic import Field

from bot.app.argument_types import OperationId
from bot.app.command import Arguments, Result
from bot.app.people import names_of_person
from bot.app.setup import Setup
from bot.app.work import Work
from bot.models.actions import Action
from bot.models.operations import Decision, Progress
from bot.models.refusals import NotAwaiting, PlanExpired, SecondPersonNeeded
from bot.models.requests import Source
from bot.store.operations import operations, transitions
from bot.store.operations.operations import AWAITING, Operation, progress_of

APPROVE_WITHIN = timedelta(hours=1)
"""The scope is fixed at the request. After a longer time, it would not match the queue."""


def needs_approval(setup: Setup, action: Action, plan: Operation) -> bool:
    """Return whether a second person must approve the plan before it runs."""
    if setup.second_person is None:
        return False
    is_final = setup.commands[action.name].second_person or not plan.archive
    return is_final or plan.total > setup.second_person


def request_approval(work: Work, plan: Operation, options: dict[str, int | None]) -> Progress:
    """Mark the confirmed plan as awaiting; raises `PlanExpired` if the plan was used already."""
    until = work.now + APPROVE_WITHIN
    request = work.invocation.request_id
    if not transitions.await_approval(work.connection, plan.id, request, work.now, until, options):
        raise PlanExpired(action=plan.action)
    return progress_of(awaiting(work, plan.id), work.now)


def awaiting(work: Work, id_: int) -> Operation:
    """Lock and return an operation that waits for approval; raises `NotAwaiting` otherwise."""
    operation = operations.locked(work.connection, id_)
    if operation is None or operation.state != AWAITING or operation.expires_at < work.now:
        raise NotAwaiting(id=id_)
    return operation


def require_second_person(work: Work, operation: Operation) -> None:
    """Raise `SecondPersonNeeded` if the approver may be the person who asked for the operation.

    In a terminal, anybody can use any name, so a terminal proves no second person. If a request
    from a terminal has the name of a person in Slack, that person may not approve the request.
    """
    actor = work.invocation.actor
    if actor.is_terminal:
        raise SecondPersonNeeded(id=operation.id, why="terminal")
    is_own = actor.user == operation.actor
    if operation.source == Source.TERMINAL.value:
        is_own = operation.actor.casefold() in names_of_person(work, actor.user)
    if is_own:
        raise SecondPersonNeeded(id=operation.id, why="own")


class DecisionArguments(Arguments):
    """The operation's id; the request in the channel shows the id."""

    id: OperationId = Field(json_schema_extra={"positional": "ID"})


class DecisionResult(Result):
    """The approved or declined operation."""

    data: Decision


def decided(operation: Operation, decision: str) -> DecisionResult:
    """Return the result of a decision: "approved" or "declined"."""
    return DecisionResult(
        message=f"Operation {operation.id} {decision}",
        data=Decision(
            operation=operation.id,
            action=operation.action,
            total=operation.total,
            by=operation.actor,
        ),
        recorded=decided_fields(operation),
        decided=operation.id,
    )


def decided_fields(operation: Operation) -> dict[str, object]:
    """Return the fields of the operation for the audit record of a decision."""
    return {
        **operation.scope.words(),
        **operations.way_of(operation),
        "operation": operation.id,
        "of": operation.action,
        "total": operation.total,
        "requested_by": operation.actor,
    }
