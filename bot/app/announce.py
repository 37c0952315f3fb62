"""What others are told of a change: committed with it, in the channel it was made in."""

from datetime import datetime

from sqlalchemy import Connection

from bot.app.command import Command, Result, Setup
from bot.app.responses import public_context
from bot.models.requests import Invocation
from bot.store import outbox
from bot.store.incidents import lookups
from bot.views.operations.undo import without_undo


def tell(
    setup: Setup,
    connection: Connection,
    invocation: Invocation,
    command: Command,
    result: Result,
    now: datetime,
) -> None:
    """Put what others see of the change into the outbox, with the change itself."""
    _tell_channel(setup, connection, invocation, command, result, now)
    if result.undone is not None:
        _tell_undone(setup, connection, invocation, result.undone, now)


def _tell_channel(
    setup: Setup,
    connection: Connection,
    invocation: Invocation,
    command: Command,
    result: Result,
    now: datetime,
) -> None:
    """Post it in the channel it was made in.

    A click on an alert needs none: the alert itself says by whom. A change made in App Home or a
    terminal is told in the first channel where changes are allowed.
    """
    home = next(iter(setup.rules.change_channels), setup.audit_channel)
    channel = invocation.channel or home
    if command.visible is None or channel is None or _is_alert(connection, invocation):
        return
    message = command.visible(result, public_context(setup, invocation, now))
    if message is not None:
        outbox.post(connection, channel, f"request:{invocation.request_id}", message, now)


def _tell_undone(
    setup: Setup, connection: Connection, invocation: Invocation, request: str, now: datetime
) -> None:
    """Let the message about a change say that it was undone, without its button."""
    subject = f"request:{request}"
    channel, body = outbox.channel_of(connection, subject), outbox.last_said(connection, subject)
    if channel is not None and body is not None:
        context = public_context(setup, invocation, now)
        message = without_undo(body, invocation.actor.user, now, context)
        outbox.edit(connection, channel, subject, message, now)


def _is_alert(connection: Connection, invocation: Invocation) -> bool:
    if invocation.channel is None or invocation.message_ts is None:
        return False
    return lookups.by_message(connection, invocation.channel, invocation.message_ts) is not None
