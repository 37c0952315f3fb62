"""Announce a change in its channel; the message is committed together with the change."""

from datetime import datetime

from sqlalchemy import Connection

from bot.app.command import Command, Result
from bot.app.responses import public_context
from bot.app.setup import Setup
from bot.models.requests import Invocation
from bot.store import outbox
from bot.store.incidents import lookups
from bot.store.operations import operations
from bot.store.operations.operations import progress_of
from bot.views.operations.progress import progress_message
from bot.views.operations.undo import without_undo


def announce(
    setup: Setup,
    connection: Connection,
    invocation: Invocation,
    command: Command,
    result: Result,
    now: datetime,
) -> None:
    """Add the public message about a change to the outbox, in the transaction of the change."""
    _announce_change(setup, connection, invocation, command, result, now)
    if result.undone is not None:
        _announce_undo(setup, connection, invocation, result.undone, now)
    if result.decided is not None:
        _announce_decision(setup, connection, invocation, result.decided, now)


def _announce_change(
    setup: Setup,
    connection: Connection,
    invocation: Invocation,
    command: Command,
    result: Result,
    now: datetime,
) -> None:
    """Post the message in the channel of the change.

    A click on an alert posts no message, because the alert names the person. A change from App Home
    or a terminal is announced in the first channel where changes are allowed.
    """
    home = next(iter(setup.rules.change_channels), setup.audit_channel)
    channel = invocation.channel or home
    if command.visible is None or channel is None or _is_alert(connection, invocation):
        return
    message = command.visible(result, public_context(setup, invocation, now))
    if message is not None:
        outbox.post(connection, channel, f"request:{invocation.request_id}", message, now)


def _announce_undo(
    setup: Setup, connection: Connection, invocation: Invocation, request: str, now: datetime
) -> None:
    """Edit the message about a change: mark the change as undone and remove the button."""
    subject = f"request:{request}"
    channel, original = (
        outbox.channel_of(connection, subject),
        outbox.last_said(connection, subject),
    )
    if channel is not None and original is not None:
        context = public_context(setup, invocation, now)
        message = without_undo(original, invocation.actor.user, now, context)
        outbox.edit(connection, channel, subject, message, now)


def _announce_decision(
    setup: Setup, connection: Connection, invocation: Invocation, decided: int, now: datetime
) -> None:
    """Edit the message about an operation, so that its buttons disappear after the decision."""
    operation = operations.find(connection, decided)
    subject = None if operation is None else f"request:{operation.request_id}"
    channel = None if subject is None else outbox.channel_of(connection, subject)
    if operation is not None and subject is not None and channel is not None:
        context = public_context(setup, invocation, now)
        message = progress_message(progress_of(operation, now), context)
        outbox.edit(connection, channel, subject, message, now)


def _is_alert(connection: Connection, invocation: Invocation) -> bool:
    if invocation.channel is None or invocation.message_ts is None:
        return False
    return lookups.by_message(connection, invocation.channel, invocation.message_ts) is not None
