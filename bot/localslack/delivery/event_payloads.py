"""The payloads of events as Slack sends them; each docstring links to Slack's documentation."""

import uuid

from bot.localslack.blocks.specs import Json
from bot.localslack.payloads import VERIFICATION_TOKEN, group_json, view_json
from bot.localslack.workspace import Group, PostedMessage, User, Workspace


def home_opened(workspace: Workspace, user: User, channel: str) -> Json:
    """Build https://docs.slack.dev/reference/events/app_home_opened.

    The event has a `view` only if the app has published a Home view for the user.
    """
    event: Json = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": channel,
        "tab": "home",
        "event_ts": workspace.next_ts(),
    }
    if user.id in workspace.homes:
        event["view"] = view_json(workspace, workspace.homes[user.id])
    return event


def direct_message(workspace: Workspace, message: PostedMessage) -> Json:
    """Build https://docs.slack.dev/reference/events/message.im."""
    return {
        "type": "message",
        "channel": message.channel,
        "channel_type": "im",
        "user": message.user,
        "team": workspace.identity.team_id,
        "text": message.text,
        "ts": message.ts,
        "event_ts": message.ts,
        "client_msg_id": str(uuid.uuid4()),
    }


def members_changed(workspace: Workspace, group: Group, before: Group) -> Json:
    """Build https://docs.slack.dev/reference/events/subteam_members_changed."""
    added = [user for user in group.members if user not in before.members]
    removed = [user for user in before.members if user not in group.members]
    now = int(workspace.clock())
    return {
        "type": "subteam_members_changed",
        "subteam_id": group.id,
        "team_id": workspace.identity.team_id,
        "date_previous_update": now,
        "date_update": now,
        "added_users": added,
        "added_users_count": len(added),
        "removed_users": removed,
        "removed_users_count": len(removed),
        "event_ts": workspace.next_ts(),
    }


def group_updated(workspace: Workspace, group: Group) -> Json:
    """Build https://docs.slack.dev/reference/events/subteam_updated."""
    return {
        "type": "subteam_updated",
        "subteam": group_json(workspace, group, users=True),
        "event_ts": workspace.next_ts(),
    }


def event_callback(workspace: Workspace, event: Json) -> Json:
    """Wrap an event: https://docs.slack.dev/apis/events-api#callback-field."""
    identity = workspace.identity
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": identity.team_id,
        "api_app_id": identity.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": workspace.new_id("Ev"),
        "event_time": int(workspace.clock()),
        "is_ext_shared_channel": False,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": identity.team_id,
                "user_id": identity.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
    }
