"""Replies that need no token: the payload in a slash command's ack, and response urls."""

from bot.localslack.blocks.specs import Json
from bot.localslack.grants import Interaction
from bot.localslack.posting import Content, content_of, edit, post
from bot.localslack.refusals import SlackRefusal
from bot.localslack.web_api.calls import Backend
from bot.localslack.workspace import PostedMessage


def show_ack(backend: Backend, interaction: Interaction, payload: Json | None) -> None:
    """Show the payload in a slash command's ack; an empty payload shows nothing.

    https://docs.slack.dev/interactivity/implementing-slash-commands.
    """
    if payload is None or not any(payload.get(key) for key in ("text", "blocks", "attachments")):
        return
    _reply(backend, interaction, payload, content_of(payload, backend.workspace.refused_blocks))


def use_response_url(backend: Backend, name: str, payload: Json) -> None:
    """Apply a post to a response url: post a message, or replace or delete the original message.

    A slash command has no original message, so a replacement is posted as a new message.
    https://docs.slack.dev/interactivity/handling-user-interaction#message_responses. Refusals:
    `expired_url`, `used_url`, and the refusals of a message's content.
    """
    interaction = backend.grants.use_response_url(name)
    source = interaction.source
    if payload.get("delete_original"):
        if source is not None and _is_posted(backend, source):
            backend.workspace.remove_message(source)
        return
    content = content_of(payload, backend.workspace.refused_blocks)
    if payload.get("replace_original") and source is not None:
        if not _is_posted(backend, source):
            raise SlackRefusal("message_not_found")
        # Slack replaces the original's text and blocks, even if the app sent only a text.
        edit(backend.workspace, source, Content(content.text or "", content.blocks or []))
        interaction.note_reply(source)
        return
    _reply(backend, interaction, payload, content)


def _is_posted(backend: Backend, message: PostedMessage) -> bool:
    return backend.workspace.find_message(message.channel, message.ts) is message


def _reply(backend: Backend, interaction: Interaction, payload: Json, content: Content) -> None:
    kind = payload.get("response_type", "ephemeral")
    if kind not in {"ephemeral", "in_channel"} or interaction.channel is None:
        raise SlackRefusal("invalid_arguments")
    ephemeral_to = interaction.user if kind == "ephemeral" else None
    message = post(backend.workspace, interaction.channel, content, ephemeral_to=ephemeral_to)
    interaction.note_reply(message)
