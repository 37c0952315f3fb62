"""The JSON objects that Slack sends and returns; each function names the object's page."""

import json

from bot.localslack.blocks.specs import Json
from bot.localslack.workspace import Channel, Group, PostedMessage, User, View, Workspace

VERIFICATION_TOKEN = "local-verification-token"  # noqa: S105 - the deprecated field, never a secret


def message_json(workspace: Workspace, message: PostedMessage) -> Json:
    """A message of the app: https://docs.slack.dev/reference/events/message."""
    identity = workspace.identity
    body: Json = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": identity.team_id,
        "bot_id": identity.bot_id,
        "app_id": identity.app_id,
        "blocks": message.blocks,
    }
    if message.thread_ts:
        body["thread_ts"] = message.thread_ts
    if message.edited:
        body["edited"] = {"user": message.user, "ts": message.edited}
    if message.metadata:
        body["metadata"] = message.metadata
    return body


def view_json(workspace: Workspace, view: View) -> Json:
    """A view: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload."""
    identity = workspace.identity
    content = view.content
    modal = content["type"] == "modal"
    body: Json = {
        "id": view.id,
        "team_id": identity.team_id,
        "type": content["type"],
        "blocks": content["blocks"],
        "private_metadata": content.get("private_metadata", ""),
        "callback_id": content.get("callback_id", ""),
        "external_id": content.get("external_id", ""),
        "state": {"values": view.values},
        "hash": view.hash,
        "title": content.get("title") if modal else None,
        "close": content.get("close"),
        "submit": content.get("submit"),
        "clear_on_close": content.get("clear_on_close", False),
        "notify_on_close": content.get("notify_on_close", False),
        "submit_disabled": False,
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": identity.app_id,
        "app_installed_team_id": identity.team_id,
        "bot_id": identity.bot_id,
    }
    copy: Json = json.loads(json.dumps(body))
    return copy


def user_json(user: User, team_id: str, *, locale: bool) -> Json:
    """A person: https://docs.slack.dev/reference/objects/user-object."""
    team = user.team_id or team_id
    body: Json = {
        "id": user.id,
        "team_id": team,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.deleted,
        "tz": user.tz,
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_stranger": user.is_stranger,
        "updated": 0,
        "profile": {
            "real_name": user.real_name,
            "display_name": user.name,
            "team": team,
        },
    }
    if locale:
        body["locale"] = user.locale
    return body


def group_json(workspace: Workspace, group: Group, *, users: bool) -> Json:
    """A user group: https://docs.slack.dev/reference/objects/usergroup-object."""
    body: Json = {
        "id": group.id,
        "team_id": workspace.identity.team_id,
        "is_usergroup": True,
        "is_external": False,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "date_delete": group.date_delete,
        "user_count": len(group.members),
    }
    if users:
        body["users"] = list(group.members)
    return body


def channel_json(channel: Channel, bot_user: str) -> Json:
    """A conversation: https://docs.slack.dev/reference/objects/conversation-object."""
    if channel.is_im:
        return {"id": channel.id, "is_im": True, "user": channel.im_user, "is_archived": False}
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_shared": channel.is_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_org_shared": False,
        "is_member": bot_user in channel.members,
        "num_members": len(channel.members),
    }


def _common(workspace: Workspace, user: User) -> Json:
    identity = workspace.identity
    team = user.team_id or identity.team_id
    return {
        "team": {"id": identity.team_id, "domain": identity.domain},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": team},
        "api_app_id": identity.app_id,
        "token": VERIFICATION_TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def slash_command(
    workspace: Workspace,
    user: User,
    channel: Channel,
    words: tuple[str, str],
    grants: tuple[str, str],
) -> Json:
    """Build a slash command from `words` (command, text) and `grants` (trigger id, response url).

    https://docs.slack.dev/interactivity/implementing-slash-commands.
    """
    identity = workspace.identity
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": identity.team_id,
        "team_domain": identity.domain,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.is_im else channel.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": words[0],
        "text": words[1],
        "api_app_id": identity.app_id,
        "is_enterprise_install": "false",
        "response_url": grants[1],
        "trigger_id": grants[0],
    }


def message_actions(
    workspace: Workspace,
    user: User,
    channel: Channel,
    message: PostedMessage,
    *,
    action: Json,
    grants: tuple[str, str],
) -> Json:
    """Build a click on a message; it omits an ephemeral message, because Slack stores none.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.
    """
    ephemeral = message.ephemeral_to is not None
    payload: Json = {
        "type": "block_actions",
        **_common(workspace, user),
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        },
        "trigger_id": grants[0],
        "channel": {
            "id": channel.id,
            "name": "directmessage" if channel.is_im else channel.name,
        },
        "state": {"values": {}},
        "response_url": grants[1],
        "actions": [action],
    }
    if not ephemeral:
        payload["message"] = message_json(workspace, message)
    return payload


def view_actions(
    workspace: Workspace, user: User, view: View, action: Json, trigger_id: str
) -> Json:
    """A click in a modal or on Home: https://docs.slack.dev/reference/interaction-payloads."""
    body = view_json(workspace, view)
    return {
        "type": "block_actions",
        **_common(workspace, user),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": trigger_id,
        "view": body,
        "state": body["state"],
        "actions": [action],
    }


def view_submission(workspace: Workspace, user: User, view: View, trigger_id: str) -> Json:
    """A modal's submission: .../interaction-payloads/view-interactions-payload."""
    return {
        "type": "view_submission",
        **_common(workspace, user),
        "trigger_id": trigger_id,
        "view": view_json(workspace, view),
        "response_urls": [],
    }


def view_closed(workspace: Workspace, user: User, view: View, *, is_cleared: bool) -> Json:
    """Build the payload `view_closed`, which Slack sends only if `notify_on_close` is set."""
    return {
        "type": "view_closed",
        **_common(workspace, user),
        "view": view_json(workspace, view),
        "is_cleared": is_cleared,
    }
