"""The `chat.*` methods, as documented in https://docs.slack.dev/reference/methods/."""

from bot.localslack.blocks.specs import Json
from bot.localslack.payloads import message_json
from bot.localslack.posting import (
    TEXT_LONGEST,
    UPDATE_TEXT_LONGEST,
    Content,
    content_of,
    edit,
    post,
)
from bot.localslack.refusals import SlackRefusal
from bot.localslack.web_api.calls import Backend, Entry
from bot.localslack.web_api.rates import IN_A_CHANNEL, SPECIAL, TIER_3, TIER_4
from bot.localslack.workspace import Channel, PostedMessage


def open_channel(backend: Backend, args: Json, *, membership: bool = True) -> Channel:
    """Return a call's channel by id, by name, or by a person's id for a direct message.

    Refusals: `channel_not_found`, `not_in_channel`, `is_archived`.
    """
    name = args.get("channel")
    if not isinstance(name, str) or not name:
        raise SlackRefusal("channel_not_found")
    workspace = backend.workspace
    channel = workspace.find_channel(name)
    if channel is None and name in workspace.users:
        channel = workspace.direct_message(name)
    if channel is None or is_hidden(backend, channel):
        raise SlackRefusal("channel_not_found")
    if membership and workspace.identity.bot_user not in channel.members:
        raise SlackRefusal("not_in_channel")
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    return channel


def is_hidden(backend: Backend, channel: Channel) -> bool:
    """Whether Slack hides the channel, because it is private and the bot is not a member."""
    bot = backend.workspace.identity.bot_user
    return channel.is_private and bot not in channel.members


def post_message(backend: Backend, args: Json) -> Json:
    """chat.postMessage: with `chat:write.public`, the bot can post without being a member."""
    public = "chat:write.public" in backend.credentials.scopes
    channel = open_channel(backend, args, membership=not public)
    backend.rates.take(f"chat.postMessage in {channel.id}", IN_A_CHANNEL)
    content = _content(backend, args)
    if content.thread_ts and not backend.workspace.find_message(channel.id, content.thread_ts):
        raise SlackRefusal("thread_not_found")
    message = post(backend.workspace, channel.id, content)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": message_json(backend.workspace, message),
    }


def post_ephemeral(backend: Backend, args: Json) -> Json:
    """chat.postEphemeral: the app cannot edit the message by the returned `message_ts`."""
    channel = open_channel(backend, args)
    user = backend.workspace.users.get(str(args.get("user")))
    if user is None:
        raise SlackRefusal("user_not_found")
    if user.id not in channel.members:
        raise SlackRefusal("user_not_in_channel")
    message = post(backend.workspace, channel.id, _content(backend, args), ephemeral_to=user.id)
    backend.note_ephemeral(message)
    return {"message_ts": message.ts}


def _content(backend: Backend, args: Json, longest: int = TEXT_LONGEST) -> Content:
    return content_of(args, backend.workspace.refused_blocks, longest)


def own_message(backend: Backend, args: Json, refusal: str) -> PostedMessage:
    """Return the bot's message, visible to all; `refusal` for other messages.

    The refusal is `message_not_found` if the message does not exist.
    """
    channel = open_channel(backend, args, membership=False)
    message = backend.workspace.find_message(channel.id, str(args.get("ts")))
    if message is None:
        raise SlackRefusal("message_not_found")
    if message.ephemeral_to or message.user != backend.workspace.identity.bot_user:
        raise SlackRefusal(refusal)
    return message


def update(backend: Backend, args: Json) -> Json:
    """chat.update: if the app sends no text or no blocks, the old text or blocks stay."""
    message = own_message(backend, args, "cant_update_message")
    edit(backend.workspace, message, _content(backend, args, UPDATE_TEXT_LONGEST))
    return {
        "channel": message.channel,
        "ts": message.ts,
        "text": message.text,
        "message": message_json(backend.workspace, message),
    }


def delete(backend: Backend, args: Json) -> Json:
    """chat.delete."""
    message = own_message(backend, args, "cant_delete_message")
    backend.workspace.remove_message(message)
    return {"channel": message.channel, "ts": message.ts}


def permalink(backend: Backend, args: Json) -> Json:
    """chat.getPermalink."""
    channel = open_channel(backend, args, membership=False)
    ts = str(args.get("message_ts"))
    message = backend.workspace.find_message(channel.id, ts)
    if message is None or message.ephemeral_to:
        raise SlackRefusal("message_not_found")
    address = f"{backend.url()}archives/{channel.id}/p{ts.replace('.', '')}"
    if message.thread_ts:
        address += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": address}


_WRITE = ("chat:write",)
# The scopes and the tier of each method are on the method's page.
METHODS = {
    "chat.postMessage": Entry(post_message, scopes=_WRITE, rate=SPECIAL),
    "chat.postEphemeral": Entry(post_ephemeral, scopes=_WRITE, rate=TIER_4),
    "chat.update": Entry(update, scopes=_WRITE, rate=TIER_3),
    "chat.delete": Entry(delete, scopes=_WRITE, rate=TIER_3),
    "chat.getPermalink": Entry(permalink, rate=SPECIAL),
}
