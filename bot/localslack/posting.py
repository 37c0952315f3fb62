"""Check the content of the app's messages, and store the messages, as Slack does."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from bot.localslack.blocks.specs import Json, Problem
from bot.localslack.blocks.validation import as_stored, has_two_tables, message_problems, text_of
from bot.localslack.refusals import SlackRefusal
from bot.localslack.workspace import PostedMessage, Workspace

# https://docs.slack.dev/reference/methods/chat.postMessage: Slack cuts a longer text. The local
# Slack refuses a longer text, so that the loss is noticed.
TEXT_LONGEST = 40_000
# Apps report that chat.update answers `msg_too_long` above 4,000; its page recommends 4,000.
UPDATE_TEXT_LONGEST = 4_000
# Measured by others: https://github.com/slackapi/bolt-js/issues/2509.
BLOCKS_LONGEST = 13_200


@dataclass(frozen=True)
class Content:
    """Text and blocks of a message; `blocks` is None if the app sent none."""

    text: str | None
    blocks: list[Json] | None
    thread_ts: str | None = None
    metadata: Json | None = None


def parse_json(args: Json, name: str, code: str) -> object:
    """Return a JSON argument, which a form sends as a string; refuses `code` if it is invalid."""
    value = args.get(name)
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        document: object = json.loads(value)
    except ValueError as error:
        raise SlackRefusal(code) from error
    return document


def content_of(args: Json, refused: Collection[str], longest: int = TEXT_LONGEST) -> Content:
    """Return the content in the arguments of a chat method, an ack or a response url.

    This workspace does not know the block types in `refused`. Refusals:
    `invalid_blocks_format`, `invalid_blocks`, `invalid_attachments`, `invalid_arguments`,
    `no_text`, `msg_too_long`, `msg_blocks_too_long`.
    """
    text, thread_ts = args.get("text"), args.get("thread_ts")
    if not isinstance(text, str | None) or not isinstance(thread_ts, str | None):
        raise SlackRefusal("invalid_arguments")
    blocks = parse_json(args, "blocks", "invalid_blocks_format")
    metadata = parse_json(args, "metadata", "invalid_metadata_format")
    if args.get("attachments"):
        raise SlackRefusal("invalid_attachments")
    if not isinstance(metadata, dict | None):
        raise SlackRefusal("invalid_metadata_format")
    if not isinstance(blocks, list | None):
        raise SlackRefusal("invalid_blocks_format")
    if not text and not blocks:
        raise SlackRefusal("no_text")
    if len(text or "") > longest:
        raise SlackRefusal("msg_too_long")
    check_blocks(blocks or [], refused)
    return Content(text, blocks, thread_ts, metadata)


def check_blocks(blocks: list[Json], refused: Collection[str] = ()) -> None:
    """Raise Slack's refusal if Slack would refuse these blocks in a message.

    This workspace does not know the block types in `refused`, so every such block is refused.
    """
    problems = message_problems(blocks) or [
        Problem(f"unsupported type: {block['type']}", f"/blocks/{index}/type")
        for index, block in enumerate(blocks)
        if block["type"] in refused
    ]
    if problems:
        raise SlackRefusal("invalid_blocks", problems)
    if has_two_tables(blocks):
        messages = ["[ERROR] only_one_table_allowed"]
        raise SlackRefusal(
            "invalid_attachments", extra={"response_metadata": {"messages": messages}}
        )
    if len(text_of(blocks)) > BLOCKS_LONGEST:
        raise SlackRefusal("msg_blocks_too_long")


def post(
    workspace: Workspace,
    channel: str,
    content: Content,
    *,
    ephemeral_to: str | None = None,
    user: str | None = None,
) -> PostedMessage:
    """Post the content in a channel for all people or for one; the default author is the bot."""
    return workspace.add_message(
        PostedMessage(
            ts=workspace.next_ts(),
            channel=channel,
            user=user or workspace.identity.bot_user,
            text=content.text or "",
            blocks=as_stored(content.blocks or [], lambda: workspace.new_id("b")),
            thread_ts=content.thread_ts,
            ephemeral_to=ephemeral_to,
            metadata=content.metadata,
        )
    )


def edit(workspace: Workspace, message: PostedMessage, content: Content) -> None:
    """Replace a message's content; the old blocks stay if the app sent no blocks."""
    if content.text is not None:
        message.text = content.text
    if content.blocks is not None:
        message.blocks = as_stored(content.blocks, lambda: workspace.new_id("b"))
    if content.metadata is not None:
        message.metadata = content.metadata
    message.edited = workspace.next_ts()
    workspace.mark_changed()
