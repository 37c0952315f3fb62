"""Approval of bulk changes by a second person, if the settings require approval."""

from datetime import timedelta

from bot.app.command import Setup, Work
from bot.app.people import names_of_person
from bot.models.actions import Action
from bot.models.operations import Progress
from bot.models.refusals import NotAwaiting, PlanExpired, SecondPersonNeeded
from bot.models.requests import Source
from bot.store.operations import operations, transitions
from bot.store.operations.operations import AWAITING, Operation, progress_of

APPROVE_WITHIN = timedelta(hours=1)
"""The scope of a request is fixed, so an approval after a long time would not fit the queue."""


def needs_approval(setup: Setup, action: Action, plan: Operation) -> bool:
    """Return whether a second person must approve the plan before it runs."""
    if setup.second_person is None:
        return False
    is_final = setup.commands[action.name].second_person or not plan.archive
    return is_final or plan.total > setup.second_person


def request_approval(work: Work, plan: Operation, options: dict[str, int | None]) -> Progress:
    """Let the confirmed plan wait for approval; raises `PlanExpired` if it was used already."""
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

    Anybody may take any name in a terminal, so the terminal proves no second person. A request from
    a terminal is not approved by the person in Slack whose name it has.
    """
    actor = work.invocation.actor
    if actor.is_terminal:
        raise SecondPersonNeeded(id=operation.id, why="terminal")
    is_own = actor.user == operation.actor
    if operation.source == Source.TERMINAL.value:
        is_own = operation.actor.casefold() in names_of_person(work, actor.user)
    if is_own:
        raise SecondPersonNeeded(id=operation.id, why="own")


def decided_fields(operation: Operation) -> dict[str, object]:
    """Return what the audit record of a decision has about the operation."""
    return {
        **operation.scope.words(),
        **operations.way_of(operation),
        "operation": operation.id,
        "of": operation.action,
        "total": operation.total,
        "requested_by": operation.actor,
    }
