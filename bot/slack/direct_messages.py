"""Commands in a direct message with the bot: a person types a command without the slash.

An answer is a message, because a direct message has no acknowledgement with an answer. Slack may
deliver a message twice; changes are not allowed here, and a second answer to a read is harmless.
"""

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from bot.app.responses import texts_of
from bot.app.setup import Setup
from bot.background.outbox.delivery_errors import DeliveryError
from bot.models.requests import Message, Modal
from bot.slack.envelopes import Envelope
from bot.slack.poster import SlackPoster

log = structlog.get_logger(__name__)


def is_of_person(event: Mapping[str, Any]) -> bool:
    """Return whether a person wrote this message to the bot; edits and bots do not count."""
    ignored = event.get("subtype") is not None or event.get("bot_id") is not None
    return event.get("channel_type") == "im" and not ignored and bool(event.get("user"))


def answer_in_channel(
    setup: Setup, poster: SlackPoster, envelope: Envelope, answer: Callable[[], Message | Modal]
) -> None:
    """Run the command, and post its answer in the direct message, in the person's thread."""
    content = answer()
    channel = envelope.invocation.channel
    if isinstance(content, Modal):
        content = Message(texts_of(setup, envelope.invocation)("modal-too-late"))
    thread = {} if envelope.thread is None else {"thread_ts": envelope.thread}
    try:
        for part in (content, *content.more):
            body = {"text": str(part.text), "blocks": list(part.blocks), **thread}
            poster.post(str(channel), body)
    except DeliveryError as error:
        # A failed answer is not sent again, because the person can type the command again.
        log.warning("answer not delivered", because=str(error))
