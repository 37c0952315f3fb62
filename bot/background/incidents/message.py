"""An incident's message: drawn from its row and its newest failures, posted once, then edited.

A user group is named where a message is posted that somebody is to look at, and never in an edit,
which would ring nobody and read as if it had.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.retries.track import receipts_of
from bot.models import alert_rules
from bot.models.actions import counted_as
from bot.models.incidents import Incident
from bot.models.operations import Receipt
from bot.models.requests import Message
from bot.store import outbox
from bot.store.failures import error_groups
from bot.store.incidents import assignment, lookups, transitions
from bot.store.incidents.assignment import AssignedFailure
from bot.store.operations.retries import tracked_jobs
from bot.views.context import Context
from bot.views.incidents.alert import (
    SHOWN,
    FailureCard,
    GroupCard,
    failure_message,
    group_message,
    summary_message,
)
from bot.views.incidents.alert_parts import (
    Ending,
    IncidentState,
    escalated_message,
    recovered_message,
    reopened_message,
    with_group_mention,
)
from bot.views.incidents.rule_alert import ConditionCard, condition_message, figure_of

log = structlog.get_logger(__name__)

LOOKED_AT = 20
"""Of so many newest failures of an incident, those that are still there are shown."""
MINUTE = timedelta(minutes=1)


def post(setup: Setup, connection: Connection, number: int, now: datetime, *, call: bool) -> None:
    """Put the incident's message into the outbox; `call`: with the user group that is to look."""
    incident = lookups.by_id(connection, number)
    context = channel_context(setup, now)
    message = None if incident is None else draw(setup, connection, incident, context)
    if incident is None or message is None or setup.alert_channel is None:
        return
    said = with_group_mention(message, setup.alerting.mention, context) if call else message
    outbox.post(connection, setup.alert_channel, subject_of(incident), said, now)
    told = {"posted_at": now, "drawn_at": now, "told": incident.size, "stale": False}
    transitions.update_incident(connection, number, **told)


def redraw(setup: Setup, connection: Connection, incident: Incident, now: datetime) -> None:
    """Let the incident's message, where it has one, say what its row says."""
    drawn: dict[str, object] = {"stale": False}
    if incident.posted_at is not None and setup.alert_channel is not None:
        message = draw(setup, connection, incident, channel_context(setup, now))
        if message is not None:
            outbox.edit_in_turn(
                connection, _where(setup, incident), subject_of(incident), message, now
            )
            drawn["drawn_at"] = now
    transitions.update_incident(connection, incident.id, **drawn)


def answer(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    message: Message,
    now: datetime,
    *,
    call: bool,
) -> None:
    """Say something in the thread of the incident's message."""
    if setup.alert_channel is None:
        return
    context = channel_context(setup, now)
    said = with_group_mention(message, setup.alerting.mention, context) if call else message
    outbox.reply(connection, _where(setup, incident), subject_of(incident), said, now)


def _where(setup: Setup, incident: Incident) -> str:
    """Where its message is, so that it waits for no other channel's; else where it is to be."""
    return str(incident.channel or setup.alert_channel)


def subject_of(incident: Incident) -> str:
    """What the outbox knows the incident's message by."""
    return f"incident:{incident.id}"


def in_words(incident: Incident, value: int, context: Context) -> str:
    """A figure of this incident as the thread says it."""
    if incident.is_of_rule:
        return figure_of(incident.kind, value, context)
    return context.texts.plain("incident-failures", count=value)


def escalated(incident: Incident, now: datetime, context: Context, *, grown: bool) -> Message:
    """That nobody sees to it, or that it has grown."""
    before = in_words(incident, incident.told, context) if grown else None
    seconds = int((now - incident.opened_at).total_seconds())
    said = in_words(incident, incident.size, context)
    return escalated_message(seconds, said, before, state_of(incident), context)


def reopened(incident: Incident, closed_at: datetime, now: datetime, context: Context) -> Message:
    """That it is back."""
    seconds = int((now - closed_at).total_seconds())
    return reopened_message(
        seconds, in_words(incident, incident.size, context), state_of(incident), context
    )


def recovered(incident: Incident, context: Context) -> Message | None:
    """That it is over, with the figures that are known; None where it is not."""
    told = state_of(incident)
    return None if told.ending is None else recovered_message(told, told.ending, context)


def _ending(incident: Incident, closed_at: datetime) -> Ending:
    condition = incident.is_of_rule
    return Ending(
        seconds=int((closed_at - incident.opened_at).total_seconds()),
        processed=incident.processed,
        failed=incident.failed,
        retried=incident.retried,
        of="jobs" if not condition else "queue" if incident.alone else "all",
        queue=incident.queue,
    )


def state_of(incident: Incident) -> IncidentState:
    """What views show of any incident."""
    quiet = (
        (incident.closed_at - incident.last_at) if incident.closed_at is not None else timedelta(0)
    )
    ending = None
    if incident.closed_how == transitions.RECOVERED and incident.closed_at is not None:
        ending = _ending(incident, incident.closed_at)
    return IncidentState(
        id=incident.id,
        kind=incident.kind,
        state=incident.closed_how or "open",
        opened_at=incident.opened_at,
        ending=ending,
        quiet_seconds=int(quiet.total_seconds()),
        queue=incident.queue,
        acknowledged_by=incident.acknowledged_by,
        acknowledged_at=incident.acknowledged_at,
        muted_until=incident.muted_until,
    )


def draw(
    setup: Setup, connection: Connection, incident: Incident, context: Context
) -> Message | None:
    """The incident's message as it is now; None where it has no failure to show any more.

    Of what cannot be drawn it says just that: one row that nobody foresaw must keep no other
    incident from being posted.
    """
    try:
        return _drawn(setup, connection, incident, context)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        log.exception("incident not drawn", incident=incident.id)
        return Message(context.texts("incident-undrawn", id=f"I{incident.id}"))


def _drawn(
    setup: Setup, connection: Connection, incident: Incident, context: Context
) -> Message | None:
    told = state_of(incident)
    left = incident.failures_left
    if incident.is_of_rule:
        return condition_message(_condition(incident), told, context)
    if incident.kind == alert_rules.SUMMARY:
        until = incident.opened_at + MINUTE
        return summary_message(incident.count, left, until, told, context)
    rows = assignment.newest(connection, incident.id, LOOKED_AT)
    if incident.count == 1:
        return _single(setup, connection, incident, rows, context) if rows else None
    there = [one for one in rows if one.removed_at is None][:SHOWN]
    group = incident.error_group or 0
    names = error_groups.names_of(connection, [group])
    card = GroupCard(
        error_group=group,
        name=names.get(group, ""),
        queue=incident.queue,
        count=incident.count,
        left=left,
        retried=max(0, incident.retried),
        deleted=max(0, incident.deleted),
        newest=tuple(_card(setup, one) for one in there),
        last_at=incident.last_at,
        by=incident.settled_by,
        at=incident.settled_at,
    )
    return group_message(card, told, context)


def _condition(incident: Incident) -> ConditionCard:
    return ConditionCard(
        kind=incident.kind,
        queue=incident.queue,
        value=incident.value or 0,
        worst=incident.worst or 0,
        facts=json.loads(incident.facts or "{}"),
    )


def _single(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    rows: Sequence[AssignedFailure],
    context: Context,
) -> Message:
    card = _card(setup, rows[0])
    if incident.failures_left == 0:
        state = counted_as(setup.actions, incident.settled_how) or "gone"
        retried = state == "retried"
        receipt = _receipt(connection, rows[0].seq, context.now) if retried else None
        changed = {"state": state, "by": incident.settled_by, "at": incident.settled_at}
        card = card.model_copy(update={**changed, "receipt": receipt})
    return failure_message(card, state_of(incident), context)


def _receipt(connection: Connection, seq: int, now: datetime) -> Receipt | None:
    """What became of the job that the failure was retried as, where that is followed."""
    incident = tracked_jobs.of_failure(connection, seq)
    return None if incident is None else receipts_of(connection, [incident], now)[0]


def _card(setup: Setup, failure: AssignedFailure) -> FailureCard:
    return FailureCard(
        failed_id=failure.failed_id,
        queue=failure.queue,
        job_class=failure.job_class,
        order_id=failure.order_id,
        tienda_id=failure.tienda_id,
        error=failure.error,
        failed_at=setup.queue.utc(failure.failed_at),
        row_digest=failure.row_digest,
    )
