"""The state that a page needs to show the workspace."""

from collections.abc import Callable
from typing import Any

from bot.localslack.blocks.specs import Json
from bot.localslack.delivery.socket_mode import Hub
from bot.localslack.payloads import view_json
from bot.localslack.web_api.calls import Backend
from bot.localslack.workspace import User, Workspace

SHOWN = 200  # number of each channel's newest messages in the state
SHOWN_ACKS = 50
Roles = Callable[[str], list[str]]


def state_json(backend: Backend, hub: Hub, roles: Roles | None) -> Json:
    """Return all state that a page needs to show the workspace."""
    workspace = backend.workspace
    people = [user for user in workspace.users.values() if not user.is_bot]
    channels = [channel for channel in workspace.channels.values() if not channel.is_im]
    direct_messages = [channel for channel in workspace.channels.values() if channel.is_im]
    return {
        "version": workspace.version,
        "team": {"id": workspace.identity.team_id, "name": workspace.identity.team_name},
        "bot_user": workspace.identity.bot_user,
        "users": [
            _user(user, roles)
            for user in [*people, *(user for user in workspace.users.values() if user.is_bot)]
        ],
        "groups": [{"id": group.id, "handle": group.handle} for group in workspace.groups.values()],
        "channels": [{"id": channel.id, "name": channel.name} for channel in channels],
        "direct_messages": [
            {"id": channel.id, "user": channel.im_user} for channel in direct_messages
        ],
        "messages": {
            channel: [message.as_json() for message in messages[-SHOWN:]]
            for channel, messages in workspace.messages.items()
        },
        "views": {
            user: [_view(workspace, index, stack) for index in range(len(stack))]
            for user, stack in workspace.stacks.items()
            if stack
        },
        "homes": {user: view_json(workspace, view) for user, view in workspace.homes.items()},
        "connections": hub.connected,
        "late_acks": hub.late_acks,
        "acks": [
            {"envelope_id": ack.envelope_id, "type": ack.kind, "ms": ack.ms}
            for ack in hub.acks[-SHOWN_ACKS:]
        ],
    }


def _user(user: User, roles: Roles | None) -> Json:
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "locale": user.locale,
        "tz": user.tz,
        "is_bot": user.is_bot,
        "roles": roles(user.id) if roles is not None else None,
    }


def _view(workspace: Workspace, index: int, stack: list[Any]) -> Json:
    view = stack[index]
    body = view_json(workspace, view) | {"errors": view.errors}
    return body | {"notice": view.notice} if view.notice else body
