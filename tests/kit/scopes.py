"""The bot scopes that each method and event needs, as Slack's documentation lists them."""

# Bot scopes of each method, from its page https://docs.slack.dev/reference/methods/<method>.
# conversations.info also names im:read and mpim:read, which it requires only for direct messages.
SCOPES: dict[str, frozenset[str]] = {
    "apps.connections.open": frozenset(),  # connections:write, of the app-level token
    "auth.test": frozenset(),
    "bots.info": frozenset({"users:read"}),
    "chat.delete": frozenset({"chat:write"}),
    "chat.getPermalink": frozenset(),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.update": frozenset({"chat:write"}),
    "conversations.info": frozenset({"channels:read", "groups:read"}),
    "usergroups.list": frozenset({"usergroups:read"}),
    "usergroups.users.list": frozenset({"usergroups:read"}),
    "users.info": frozenset({"users:read"}),
    "views.open": frozenset(),
    "views.publish": frozenset(),
    "views.push": frozenset(),
    "views.update": frozenset(),
}
# Scopes that events need, from https://docs.slack.dev/reference/events/<event>.
EVENT_SCOPES: dict[str, frozenset[str]] = {
    "app_home_opened": frozenset(),
    "message.im": frozenset({"im:history"}),
    "subteam_created": frozenset({"usergroups:read"}),
    "subteam_members_changed": frozenset({"usergroups:read"}),
    "subteam_updated": frozenset({"usergroups:read"}),
    "tokens_revoked": frozenset(),
}
