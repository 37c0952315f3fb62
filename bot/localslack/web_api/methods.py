"""All methods except `chat.*`, as documented in https://docs.slack.dev/reference/methods/."""

from bot.localslack import modals
from bot.localslack.blocks.specs import Json
from bot.localslack.payloads import channel_json, group_json, user_json, view_json
from bot.localslack.refusals import SlackRefusal
from bot.localslack.web_api.calls import Backend, Entry
from bot.localslack.web_api.chat_methods import METHODS as CHAT_METHODS
from bot.localslack.web_api.chat_methods import is_hidden
from bot.localslack.web_api.rates import SPECIAL, TIER_2, TIER_3, TIER_4
from bot.localslack.workspace import View


def auth_test(backend: Backend, _args: Json) -> Json:
    """auth.test: the app builds permalinks from the answer's `url`."""
    identity = backend.workspace.identity
    return {
        "url": backend.url(),
        "team": identity.team_name,
        "user": backend.workspace.users[identity.bot_user].name,
        "team_id": identity.team_id,
        "user_id": identity.bot_user,
        "bot_id": identity.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(backend: Backend, _args: Json) -> Json:
    """apps.connections.open."""
    return {"url": backend.socket_url()}


def is_set(args: Json, name: str) -> bool:
    """Return a boolean argument; a form sends it as a word or a digit."""
    return args.get(name) in (True, 1, "1", "true", "True")


def users_info(backend: Backend, args: Json) -> Json:
    """users.info: the answer has `locale` only if `include_locale` is set."""
    user = backend.workspace.users.get(str(args.get("user")))
    if user is None:
        raise SlackRefusal("user_not_found")
    team_id = backend.workspace.identity.team_id
    return {"user": user_json(user, team_id, locale=is_set(args, "include_locale"))}


def bots_info(backend: Backend, args: Json) -> Json:
    """bots.info: the only bot is that of the app."""
    identity = backend.workspace.identity
    if args.get("bot") != identity.bot_id:
        raise SlackRefusal("bot_not_found")
    bot = {
        "id": identity.bot_id,
        "deleted": False,
        "name": backend.workspace.users[identity.bot_user].name,
        "updated": 0,
        "app_id": identity.app_id,
        "user_id": identity.bot_user,
    }
    return {"bot": bot}


def conversations_info(backend: Backend, args: Json) -> Json:
    """conversations.info: accepts only an id; only members see a private channel."""
    channel = backend.workspace.channels.get(str(args.get("channel")))
    if channel is None or is_hidden(backend, channel):
        raise SlackRefusal("channel_not_found")
    kind = "im" if channel.is_im else "groups" if channel.is_private else "channels"
    backend.credentials.need((f"{kind}:read",))
    return {"channel": channel_json(channel, backend.workspace.identity.bot_user)}


def usergroups_list(backend: Backend, args: Json) -> Json:
    """usergroups.list: returns disabled groups and members only if the app asks for them."""
    groups = [
        group_json(backend.workspace, group, users=is_set(args, "include_users"))
        for group in backend.workspace.groups.values()
        if not group.date_delete or is_set(args, "include_disabled")
    ]
    return {"usergroups": groups}


def usergroups_users_list(backend: Backend, args: Json) -> Json:
    """usergroups.users.list."""
    group = backend.workspace.groups.get(str(args.get("usergroup")))
    if group is None:
        raise SlackRefusal("no_such_subteam")
    if group.date_delete and not is_set(args, "include_disabled"):
        return {"users": []}
    return {"users": list(group.members)}


def views_open(backend: Backend, args: Json) -> Json:
    """views.open: if a modal is open, the new view is pushed onto its stack, as by views.push."""
    content = modals.view_content(args, ("modal",))
    interaction = backend.grants.exchange_trigger(args.get("trigger_id"))
    if interaction.view is None:
        modals.clear(backend.workspace, interaction.user)
    view = modals.push(backend.workspace, interaction.user, content)
    backend.note_view(view, interaction)
    return {"view": view_json(backend.workspace, view)}


def views_push(backend: Backend, args: Json) -> Json:
    """views.push: needs a trigger from a modal that is still open."""
    content = modals.view_content(args, ("modal",))
    interaction = backend.grants.exchange_trigger(args.get("trigger_id"))
    if interaction.view not in backend.workspace.stacks.get(interaction.user, []):
        raise SlackRefusal("not_found")
    view = modals.push(backend.workspace, interaction.user, content)
    backend.note_view(view, interaction)
    return {"view": view_json(backend.workspace, view)}


def views_update(backend: Backend, args: Json) -> Json:
    """views.update: finds the view by `view_id` or `external_id`; `not_found` if it is closed."""
    content = modals.view_content(args, ("modal", "home"))
    view = _named_view(backend, args)
    modals.update(backend.workspace, view, content, args.get("hash"))
    backend.note_view(view)
    return {"view": view_json(backend.workspace, view)}


def _named_view(backend: Backend, args: Json) -> View:
    workspace = backend.workspace
    view = workspace.find_view(str(args.get("view_id")))
    external = args.get("external_id")
    if view is None and external:
        views = [view for stack in workspace.stacks.values() for view in stack]
        matches = (view for view in views if view.content.get("external_id") == external)
        view = next(matches, None)
    if view is None:
        raise SlackRefusal("not_found")
    return view


def views_publish(backend: Backend, args: Json) -> Json:
    """views.publish: replaces a person's Home."""
    content = modals.view_content(args, ("home",))
    user = backend.workspace.users.get(str(args.get("user_id")))
    if user is None:
        raise SlackRefusal("user_not_found")
    view = modals.publish(backend.workspace, user.id, content, args.get("hash"))
    backend.note_view(view)
    return {"view": view_json(backend.workspace, view)}


_GROUPS = ("usergroups:read",)
# The scopes and the tier of each method are on the method's page.
METHODS = {
    **CHAT_METHODS,
    "auth.test": Entry(auth_test, rate=SPECIAL),
    "apps.connections.open": Entry(connections_open, "app", rate=TIER_3),
    "users.info": Entry(users_info, scopes=("users:read",), rate=TIER_4),
    "bots.info": Entry(bots_info, scopes=("users:read",), rate=TIER_3),
    # The required scope depends on the kind of channel, so `conversations_info` checks the scope.
    "conversations.info": Entry(conversations_info, rate=TIER_3),
    "usergroups.list": Entry(usergroups_list, scopes=_GROUPS, rate=TIER_2),
    "usergroups.users.list": Entry(usergroups_users_list, scopes=_GROUPS, rate=TIER_2),
    "views.open": Entry(views_open, rate=TIER_4),
    "views.push": Entry(views_push, rate=TIER_4),
    "views.update": Entry(views_update, rate=TIER_4),
    "views.publish": Entry(views_publish, rate=TIER_4),
}
