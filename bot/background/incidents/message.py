"""An incident's message: drawn from its row and its newest failures, posted once, then edited.

A user group is named where a message is posted that somebody is to look at, and never in an edit,
which would ring nobody and read as if it had.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, RowMapping

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.retries.track import receipts_of
from bot.models import alert_rules
from bot.models.actions import counted_as
from bot.models.operations import Receipt
from bot.models.requests import Message
from bot.store import outbox
from bot.store.failures import error_groups
from bot.store.incidents import assignment, incidents
from bot.store.operations.retries import followed
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
    called,
    escalated_message,
    recovered_message,
    reopened_message,
)
from bot.views.incidents.rule_alert import ConditionCard, condition_message, figure_of

log = structlog.get_logger(__name__)

LOOKED_AT = 20
"""Of so many newest failures of an incident, those that are still there are shown."""
MINUTE = timedelta(minutes=1)


def post(setup: Setup, connection: Connection, incident: int, now: datetime, *, call: bool) -> None:
    """Put the incident's message into the outbox; `call`: with the user group that is to look."""
    row = incidents.by_id(connection, incident)
    context = channel_context(setup, now)
    message = None if row is None else draw(setup, connection, row, context)
    if row is None or message is None or setup.alert_channel is None:
        return
    said = called(message, setup.alerting.mention, context) if call else message
    outbox.post(connection, setup.alert_channel, subject_of(row), said, now)
    told = {"posted_at": now, "drawn_at": now, "told": figure(row), "stale": False}
    incidents.note(connection, incident, **told)


def redraw(setup: Setup, connection: Connection, row: RowMapping, now: datetime) -> None:
    """Let the incident's message, where it has one, say what its row says."""
    drawn: dict[str, object] = {"stale": False}
    if row["posted_at"] is not None and setup.alert_channel is not None:
        message = draw(setup, connection, row, channel_context(setup, now))
        if message is not None:
            outbox.edit_in_turn(connection, _where(setup, row), subject_of(row), message, now)
            drawn["drawn_at"] = now
    incidents.note(connection, row["id"], **drawn)


def answer(
    setup: Setup,
    connection: Connection,
    row: RowMapping,
    message: Message,
    now: datetime,
    *,
    call: bool,
) -> None:
    """Say something in the thread of the incident's message."""
    if setup.alert_channel is None:
        return
    context = channel_context(setup, now)
    said = called(message, setup.alerting.mention, context) if call else message
    outbox.reply(connection, _where(setup, row), subject_of(row), said, now)


def _where(setup: Setup, row: RowMapping) -> str:
    """Where its message is, so that it waits for no other channel's; else where it is to be."""
    return str(row["channel"] or setup.alert_channel)


def subject_of(row: RowMapping) -> str:
    """What the outbox knows the incident's message by."""
    return f"incident:{row['id']}"


def figure(row: RowMapping) -> int:
    """The figure that is told of an incident: its failures, or what is watched."""
    return int((row["value"] if row["kind"] in alert_rules.CONDITIONS else row["count"]) or 0)


def in_words(row: RowMapping, value: int, context: Context) -> str:
    """A figure of this incident as the thread says it."""
    if row["kind"] in alert_rules.CONDITIONS:
        return figure_of(row["kind"], value, context)
    return context.texts.plain("incident-failures", count=value)


def escalated(row: RowMapping, now: datetime, context: Context, *, grown: bool) -> Message:
    """That nobody sees to it, or that it has grown."""
    before = in_words(row, row["told"], context) if grown else None
    seconds = int((now - row["opened_at"]).total_seconds())
    said = in_words(row, figure(row), context)
    return escalated_message(seconds, said, before, state_of(row), context)


def reopened(row: RowMapping, closed_at: datetime, now: datetime, context: Context) -> Message:
    """That it is back."""
    seconds = int((now - closed_at).total_seconds())
    return reopened_message(seconds, in_words(row, figure(row), context), state_of(row), context)


def recovered(row: RowMapping, context: Context) -> Message | None:
    """That it is over, with the figures that are known; None where it is not."""
    told = state_of(row)
    return None if told.ending is None else recovered_message(told, told.ending, context)


def _ending(row: RowMapping) -> Ending:
    condition = row["kind"] in alert_rules.CONDITIONS
    return Ending(
        seconds=int((row["closed_at"] - row["opened_at"]).total_seconds()),
        processed=row["processed"],
        failed=row["failed"],
        retried=row["retried"],
        of="jobs" if not condition else "queue" if row["alone"] else "all",
        queue=row["queue"],
    )


def state_of(row: RowMapping) -> IncidentState:
    """What views show of any incident."""
    quiet = (row["closed_at"] - row["last_at"]) if row["closed_at"] is not None else timedelta(0)
    over = row["closed_how"] == incidents.RECOVERED and row["closed_at"] is not None
    return IncidentState(
        id=row["id"],
        kind=row["kind"],
        state="open" if row["closed_at"] is None else row["closed_how"],
        opened_at=row["opened_at"],
        ending=_ending(row) if over else None,
        quiet_seconds=int(quiet.total_seconds()),
        queue=row["queue"],
        acknowledged_by=row["acknowledged_by"],
        acknowledged_at=row["acknowledged_at"],
        muted_until=row["muted_until"],
    )


def draw(setup: Setup, connection: Connection, row: RowMapping, context: Context) -> Message | None:
    """The incident's message as it is now; None where it has no failure to show any more.

    Of what cannot be drawn it says just that: one row that nobody foresaw must keep no other
    incident from being told.
    """
    try:
        return _drawn(setup, connection, row, context)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        log.exception("incident not drawn", incident=row["id"])
        return Message(context.texts("incident-undrawn", id=f"I{row['id']}"))


def _drawn(
    setup: Setup, connection: Connection, row: RowMapping, context: Context
) -> Message | None:
    told = state_of(row)
    left = incidents.still_failed(row)
    if row["kind"] in alert_rules.CONDITIONS:
        return condition_message(_condition(row), told, context)
    if row["kind"] == alert_rules.SUMMARY:
        until = row["opened_at"] + MINUTE
        return summary_message(row["count"], left, until, told, context)
    rows = assignment.newest(connection, row["id"], LOOKED_AT)
    if row["count"] == 1:
        return _single(setup, connection, row, rows, context) if rows else None
    there = [one for one in rows if one["gone_at"] is None][:SHOWN]
    names = error_groups.names_of(connection, [row["error_group"]])
    card = GroupCard(
        error_group=row["error_group"],
        name=names.get(row["error_group"], ""),
        queue=row["queue"],
        count=row["count"],
        left=left,
        retried=max(0, row["retried"]),
        deleted=max(0, row["deleted"]),
        newest=tuple(_card(setup, one) for one in there),
        last_at=row["last_at"],
        by=row["settled_by"],
        at=row["settled_at"],
    )
    return group_message(card, told, context)


def _condition(row: RowMapping) -> ConditionCard:
    return ConditionCard(
        kind=row["kind"],
        queue=row["queue"],
        value=row["value"] or 0,
        worst=row["worst"] or 0,
        facts=json.loads(row["facts"] or "{}"),
    )


def _single(
    setup: Setup,
    connection: Connection,
    row: RowMapping,
    rows: Sequence[RowMapping],
    context: Context,
) -> Message:
    card = _card(setup, rows[0])
    if incidents.still_failed(row) == 0:
        state = counted_as(setup.actions, row["settled_how"]) or "gone"
        retried = state == "retried"
        receipt = _receipt(connection, rows[0]["seq"], context.now) if retried else None
        changed = {"state": state, "by": row["settled_by"], "at": row["settled_at"]}
        card = card.model_copy(update={**changed, "receipt": receipt})
    return failure_message(card, state_of(row), context)


def _receipt(connection: Connection, seq: int, now: datetime) -> Receipt | None:
    """What became of the job that the failure was retried as, where that is followed."""
    row = followed.of_failure(connection, seq)
    return None if row is None else receipts_of(connection, [row], now)[0]


def _card(setup: Setup, row: RowMapping) -> FailureCard:
    return FailureCard(
        failed_id=row["failed_id"],
        queue=row["queue"],
        job_class=row["job_class"],
        order_id=row["order_id"],
        tienda_id=row["tienda_id"],
        error=row["error"],
        failed_at=setup.queue.utc(row["failed_at"]),
        row_digest=row["row_digest"],
    )
